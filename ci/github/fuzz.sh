#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: ci/github/fuzz.sh
#
# The step that fuzzes a server for POPQUIZ_TIME (60s): results in $POPQUIZ_OUT/fuzz, their summary on
# the page of the job. It begins with the inputs in POPQUIZ_CORPUS (popquiz-corpus), and leaves there
# those that were worth keeping. POPQUIZ_BASELINE is a file of known findings, POPQUIZ_FUZZ has more
# options. Ends as `popquiz fuzz` does: 0 nothing new, 1 new findings, 2 usage, 3 the server cannot be
# fuzzed.
set -euo pipefail
# shellcheck source=ci/github/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"
explain "$0" "$@"

corpus=${POPQUIZ_CORPUS:-popquiz-corpus}

# Engines keep their inputs in INSTANCE/queue. What they began with is among them, so what is kept
# does not grow for ever.
keep_corpus() {
    local file fresh
    fresh=$(mktemp -d "$corpus.XXXXXX")
    while IFS= read -r -d '' file; do
        cp "$file" "$fresh/$(sha256sum <"$file" | cut -c1-40)"
    done < <(find "$(results fuzz)" -path '*/queue/*' ! -path '*/.state/*' -type f -print0)
    if [ -n "$(ls -A "$fresh")" ]; then
        rm -rf "$corpus"
        mv "$fresh" "$corpus"
    else
        rmdir "$fresh"
    fi
}

options=(--time "${POPQUIZ_TIME:-60s}")
[ -z "${POPQUIZ_BASELINE-}" ] || options+=(--baseline "$POPQUIZ_BASELINE")
mkdir -p "$corpus"
[ -z "$(ls -A "$corpus")" ] || options+=(--corpus "$corpus")
status=0
run_popquiz fuzz "${POPQUIZ_FUZZ-}" "${options[@]}" || status=$?
[ ! -d "$(results fuzz)" ] || keep_corpus
exit $status
