#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: ci/github/setup.sh
#
# The step that puts `popquiz` on the PATH of a runner with Ubuntu 24.04 or Debian 12: what the build
# needs, and the package of this checkout in an environment of its own.
set -euo pipefail
# shellcheck source=ci/github/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"
explain "$0" "$@"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
environment=${RUNNER_TEMP:-/tmp}/popquiz
packages=(gcc libc6-dev cmake ninja-build pkg-config libssl-dev libuv1-dev libcjson-dev libpcre2-dev
    python3-venv)

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
as_root apt-get -qq update
as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${packages[@]}"
python3 -m venv "$environment"
"$environment/bin/pip" --quiet --disable-pip-version-check install "$root"
echo "$environment/bin" >>"${GITHUB_PATH:-/dev/stdout}"
