#!/bin/bash -eu
# SPDX-License-Identifier: Apache-2.0
# ClusterFuzzLite builds what OSS-Fuzz builds.
exec "$SRC/popquiz/ci/oss-fuzz/build.sh"
