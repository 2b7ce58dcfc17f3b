# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by the steps in here: what they share. The action gives, in the environment:
#   POPQUIZ_TARGET    the server, as `popquiz certify --target` has it
#   POPQUIZ_USER      its account; without it there is none
#   POPQUIZ_PASSWORD  and the password
#   POPQUIZ_OUT       the folder for results (popquiz-out)
#   GITHUB_STEP_SUMMARY  the page of the job; without it nothing is added there

# usage: explain FILE "$@": ends a script that got arguments, of which --help is none too many.
explain() {
    local file=$1
    shift
    [ $# -gt 0 ] || return 0
    sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$file"
    [ "$*" = --help ] && exit 0 || exit 2
}

# usage: results COMMAND: the folder that its results go to.
results() { printf '%s\n' "${POPQUIZ_OUT:-popquiz-out}/$1"; }

# usage: words TEXT: a line for each word, as a shell would cut it, and nothing else is expanded.
words() { printf '%s' "$1" | xargs -r printf '%s\n'; }

# usage: run_popquiz COMMAND TEXT OPTION...: runs it on the server, with the options and those in TEXT;
# its summary goes to the page of the job. Returns what popquiz returns.
run_popquiz() {
    local status=0 folder more options
    folder=$(results "$1")
    options=(--out "$folder" --target "${POPQUIZ_TARGET-}")
    [ -n "${POPQUIZ_TARGET-}" ] || { echo "POPQUIZ_TARGET says which server" >&2; return 2; }
    mapfile -t more < <(words "$2")
    if [ -n "${POPQUIZ_USER-}" ]; then
        # Nobody else can read it, and it ends with the step.
        password=$(mktemp)
        trap 'rm -f "$password"' EXIT
        printf '%s\n' "${POPQUIZ_PASSWORD-}" >"$password"
        options+=(--user "$POPQUIZ_USER" --password-file "$password")
    fi
    popquiz "$1" "${options[@]}" "${@:3}" "${more[@]}" || status=$?
    if [ -n "${GITHUB_STEP_SUMMARY-}" ] && [ -f "$folder/summary.md" ]; then
        cat "$folder/summary.md" >>"$GITHUB_STEP_SUMMARY"
    fi
    return $status
}
