#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: ci/github/certify.sh
#
# The step that certifies a server: results in $POPQUIZ_OUT/certify, their summary on the page of the
# job. POPQUIZ_CERTIFY has more options. Ends as `popquiz certify` does: 0 the gate is passed, 1 not.
set -euo pipefail
# shellcheck source=ci/github/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"
explain "$0" "$@"

run_popquiz certify "${POPQUIZ_CERTIFY-}"
