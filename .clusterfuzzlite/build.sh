#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Builds the fuzz targets as OSS-Fuzz, ClusterFuzzLite and FuzzBench ask for them: of the source in
# $SRC/gatherfuzz, in $WORK, into $OUT, with the CXX, CXXFLAGS and LIB_FUZZING_ENGINE (FuzzBench:
# FUZZER_LIB) of the environment. Nothing here names a sanitizer.
#   GATHERFUZZ_FUZZ   targets as POLICY_ARCH, separated by blanks; unset: every published policy
#                     held to be safe, where it is, and what holds these against each other. Broken
#                     ones are built only if they are named.
#   GATHERFUZZ_JOBS   processes; unset: one for each core
# oss-fuzz/build.sh and each benchmark's build.sh call this one. scripts/check_build tests it, and
# docs/oss-fuzz.md explains.
source=$SRC/gatherfuzz
build=$WORK/gatherfuzz
kit=$build/fuzz/fuzz_kit
jobs=${GATHERFUZZ_JOBS:-$(nproc)}
mkdir -p "$build" "$OUT"

# Coverage is taken of the policies and the architectures only (fuzz/CMakeLists.txt says why), by
# whatever flags the environment has for it: clang and AFL++'s compilers each read such a list.
printf 'src:*/model/policies/*\nsrc:*/model/arch/*\nfun:*\n' >"$build/instrumented"
printf 'src: */model/policies/*\nsrc: */model/arch/*\n' >"$build/instrumented-afl"
export AFL_LLVM_ALLOWLIST=$build/instrumented-afl
CXXFLAGS="${CXXFLAGS:-} -fsanitize-coverage-allowlist=$build/instrumented"
export CXXFLAGS="$CXXFLAGS -Wno-unused-command-line-argument"  # where there is no coverage
export LLVM_PROFILE_FILE=/dev/null  # of fuzz_kit, in a build for coverage

# --fresh: $WORK may be left from another sanitizer, and CMake keeps to the compiler and the flags
# that it saw first.
cmake --fresh -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None \
  -DCMAKE_EXE_LINKER_FLAGS="${LDFLAGS:-} -static-libstdc++ -static-libgcc" \
  -DLIB_FUZZING_ENGINE="${FUZZER_LIB:-$LIB_FUZZING_ENGINE}" -DGATHERFUZZ_FUZZER_FLAGS= \
  -DGATHERFUZZ_COMMAND=OFF -DGATHERFUZZ_TESTS=OFF -DGATHERFUZZ_BENCH=OFF
ninja -C "$build" -j "$jobs" fuzz_kit

read -ra targets <<<"${GATHERFUZZ_FUZZ:-}"
if [ ${#targets[@]} -eq 0 ]; then
  safe=$("$kit" targets safe)
  mapfile -t targets < <(cut -f 1,2 --output-delimiter=_ <<<"$safe")
  mapfile -t archs < <(cut -f 2 <<<"$safe" | sort -u)
  targets+=("${archs[@]/#/differential_}")
fi
ninja -C "$build" -j "$jobs" "${targets[@]/#/fuzz_}"

mapfile -t corpus < <(find "$source/corpus" -name '*.gather' | LC_ALL=C sort)
for target in "${targets[@]}"; do
  name=fuzz_$target
  seeds=$build/seeds/$name
  rm -rf "$seeds" "$OUT/${name}_seed_corpus.zip"
  mkdir -p "$seeds"
  "$kit" seeds "${target%_*}" "${target##*_}" "$seeds" "${corpus[@]}"
  (cd "$seeds" && TZ=UTC find . -type f -exec touch -d 2000-01-01 {} + &&
    find . -type f | LC_ALL=C sort | TZ=UTC zip -q -X -@ "$OUT/${name}_seed_corpus.zip")
  "$kit" dictionary >"$OUT/$name.dict"
  "$kit" options >"$OUT/$name.options"
  cp "$build/fuzz/$name" "$OUT/$name"
done
