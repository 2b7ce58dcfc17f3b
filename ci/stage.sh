# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by ci/check and ci/test: runs the stages of a job, each with one line of report, its time,
# and its output in build/log/NAME.log, of which warnings and the end of a failure are shown.

failed_stages=()
job_started=$EPOCHREALTIME

# usage: print_usage FILE: the comment at the head of a script, behind its licence line.
print_usage() { sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$1"; }

# usage: seconds_since TIME
seconds_since() {
    local microseconds=$((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}))
    printf '%d.%d' $((microseconds / 1000000)) $((microseconds / 100000 % 10))
}

# usage: stage NAME COMMAND [ARGUMENT...]; returns what the command returns.
stage() {
    local name=$1 started=$EPOCHREALTIME status=0
    local log=build/log/$name.log
    shift
    mkdir -p build/log
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ $status -eq 0 ]; then
        printf 'ok      %6s s  %s\n' "$(seconds_since "$started")" "$name"
        grep -F ': warning: ' "$log" | head -n 20 | sed 's/^ */    /' || :
        return 0
    fi
    printf 'FAILED  %6s s  %s, status %d; the end of %s:\n' \
        "$(seconds_since "$started")" "$name" $status "$log"
    tail -n 60 "$log" | sed 's/^/    /'
    failed_stages+=("$name")
    return $status
}

# usage: verdict NAME: one line about the job; returns whether every stage passed.
verdict() {
    local took
    took=$(seconds_since "$job_started")
    if [ ${#failed_stages[@]} -eq 0 ]; then
        printf '%s: ok in %s s\n' "$1" "$took"
        return 0
    fi
    printf '%s: FAILED in %s s: %s\n' "$1" "$took" "${failed_stages[*]}"
    return 1
}
