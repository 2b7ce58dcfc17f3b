#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: ci/github/fuzz.sh
#
# The step that fuzzes a server for POPQUIZ_TIME (60s): results in $POPQUIZ_OUT/fuzz, their summary on
# the page of the job. POPQUIZ_BASELINE is a file of known findings, POPQUIZ_FUZZ has more options.
# Ends as `popquiz fuzz` does: 0 nothing new, 1 new findings, 2 usage, 3 the server cannot be fuzzed.
set -euo pipefail
# shellcheck source=ci/github/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"
explain "$0" "$@"

options=(--time "${POPQUIZ_TIME:-60s}")
[ -z "${POPQUIZ_BASELINE-}" ] || options+=(--baseline "$POPQUIZ_BASELINE")
run_popquiz fuzz "${POPQUIZ_FUZZ-}" "${options[@]}"
