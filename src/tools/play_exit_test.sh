#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: play_exit_test.sh POPQUIZ-PLAY POPQUIZ-MOCK
#
# The exit codes of popquiz-play, against the mock.
set -euo pipefail
play=$1
folder=$(mktemp -d)
"$2" --port 0 >"$folder/ready" &
mock=$!
trap 'kill $mock; rm -r "$folder"' EXIT

for _ in $(seq 100); do
    [ -s "$folder/ready" ] && break
    sleep 0.05
done
target=$(grep -o 'tcp://127.0.0.1:[0-9]*' "$folder/ready")
echo 'secret pass' >"$folder/pw"

write_case() { # NAME HEADER... , the steps on standard input
    local name=$1
    shift
    {
        printf '#!dlg 1\nid: %s\nreq: RFC1939-5-001\n' "$name"
        [ $# -eq 0 ] || printf '%s\n' "$@"
        printf -- '---\n[test]\n'
        cat
    } >"$folder/$name.dlg"
}
echo 'C: NOOP
S: +OK{*?}' | write_case good 'state: transaction'
echo 'C: NOOP
S: -ERR{*?}' | write_case bad 'state: transaction'
echo '@inconclusive "nothing"' | write_case open
echo '@reset' | write_case skipped
echo 'C: NOOP
S: -ERR' | write_case destroys 'state: transaction' 'needs: destructive'

expect() { # CODE ARGUMENTS...
    local code=0
    "$play" "${@:2}" --user user --password-file "$folder/pw" >"$folder/out" 2>&1 || code=$?
    if [ "$code" -ne "$1" ]; then
        echo "exit code $code and not $1: ${*:2}"
        cat "$folder/out"
        exit 1
    fi
}
expect 0 --help
expect 0 --version
expect 0 --target "$target" "$folder/good.dlg"
expect 0 --target "$target" "$folder/good.dlg" --json
expect 0 --target "$target" "$folder/skipped.dlg"
expect 1 --target "$target" "$folder/good.dlg" "$folder/bad.dlg" "$folder/good.dlg"
expect 1 --target "$target" "$folder/open.dlg"
expect 2 --target "$target" "$folder/missing.dlg"
expect 2 --target "$target"
expect 2 --target "here" "$folder/good.dlg"
expect 2 --target "$target" "$folder/good.dlg" --row other
expect 3 --target tcp://127.0.0.1:1 "$folder/good.dlg" "$folder/bad.dlg"
# Mail is removed only when somebody said so.
expect 0 --target "$target" "$folder/destroys.dlg"
expect 1 --target "$target" "$folder/destroys.dlg" --yes-destroy
# A record that was just made replays, and one that says something else does not.
expect 0 --target "$target" "$folder/good.dlg" --record
grep -v '^pass' "$folder/out" >"$folder/good.golden"
expect 0 --golden "$folder/good.golden"
sed -i s/=pass/=fail/ "$folder/good.golden"
expect 1 --golden "$folder/good.golden"
expect 1 --golden "$folder/missing.golden"
if grep -q 'secret pass' "$folder/out" "$folder/good.golden"; then
    echo "the password is shown"
    exit 1
fi
