#!/bin/bash -eu
# SPDX-License-Identifier: Apache-2.0
# usage: build.sh, in the environment of OSS-Fuzz or ClusterFuzzLite, with this checkout in $SRC/popquiz
#
# Builds every fuzz target into $OUT with its seeds, dictionary and options. Takes the compilers, their
# flags and the engine as they come (CC CXX CFLAGS CXXFLAGS LIB_FUZZING_ENGINE) and adds no sanitizer.
# $POPQUIZ_TARGETS names some targets, for ci/check-oss-fuzz.

cd -P "$SRC/popquiz"
read -r -a targets <<<"${POPQUIZ_TARGETS:-$(cd corpus/seeds && echo fuzz_*)}"

# A library that has no archive is copied beside the targets, and looked for there.
# shellcheck disable=SC2016 # the loader reads $ORIGIN
cmake -S . -B "$WORK/popquiz" -G Ninja -DPQ_FUZZ_ENGINE=ossfuzz -DPQ_TESTS=OFF \
    -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON '-DCMAKE_INSTALL_RPATH=$ORIGIN/lib' \
    -DCMAKE_EXE_LINKER_FLAGS=-Wl,--as-needed
cmake --build "$WORK/popquiz" --target "${targets[@]}"

# Where fuzz targets run, there is nothing but the C and the C++ library.
libraries() {
    ldd "$1" | awk '$2 == "=>" { print $3 }' |
        grep -vE '/(libc|libm|libdl|librt|libpthread|libresolv|libgcc_s|libstdc\+\+)\.so' || :
}

# That of the target, where "dialogue" has fuzz_dialogue_meaning too, or the common one.
dictionary() {
    local name=${1#fuzz_}
    local own=corpus/dict/${name%%_*}.dict
    if [ -f "$own" ]; then echo "$own"; else echo corpus/dict/pop3.dict; fi
}

mkdir -p "$OUT/lib"
for target in "${targets[@]}"; do
    program=$WORK/popquiz/harness/$target
    for library in $(libraries "$program"); do
        install -m 644 "$library" "$OUT/lib/"
    done
    cp "$program" "$OUT/$target"
    cp "$(dictionary "$target")" "$OUT/$target.dict"
    printf '[libfuzzer]\ndict = %s.dict\nmax_len = 4096\ntimeout = 25\n' "$target" \
        >"$OUT/$target.options"
    shopt -s nullglob
    python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" \
        corpus/seeds/"$target"/* corpus/regressions/"$target"/*
done
