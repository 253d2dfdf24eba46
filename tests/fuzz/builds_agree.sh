#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# The trace hashes are the same from clang -O2, gcc -O2, a sanitizer build at -O1 and the libFuzzer
# build; and what exploration counts is the same from the first three, of which the sanitizer build
# goes back by replay.
set -euo pipefail
source=$1 build=$2
out=$build/trace_hashes.d
mkdir -p "$out"
mapfile -t corpus < <(cd "$source" && find corpus -name '*.gather' | LC_ALL=C sort)
[ ${#corpus[@]} -gt 0 ]

# variant NAME COMPILER [CMAKE_OPTION...]: builds the programs in a folder of its own.
variant() {
  local name=$1 compiler=$2
  shift 2
  cmake -S "$source" -B "$build/variants/$name" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
    "$@" -DGATHERFUZZ_TARGETS=OFF -DGATHERFUZZ_COMMAND=OFF \
    -DGATHERFUZZ_BENCH=OFF >"$out/$name.log" 2>&1 &&
    ninja -C "$build/variants/$name" trace_hashes state_counts >>"$out/$name.log" 2>&1 ||
    { tail -n 30 "$out/$name.log"; exit 1; }
}
variant gcc g++-12
variant sanitized clang++-19 -DGATHERFUZZ_SANITIZERS=address,undefined \
  -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O1 -g1"

cd "$source"
"$build/tests/trace_hashes" "${corpus[@]}" >"$out/clang"
"$build/tests/trace_hashes_in_libfuzzer" "${corpus[@]}" >"$out/libfuzzer"
"$build/variants/gcc/tests/trace_hashes" "${corpus[@]}" >"$out/gcc"
"$build/variants/sanitized/tests/trace_hashes" "${corpus[@]}" >"$out/sanitized"
lines=$(wc -l <"$out/clang")
[ "$lines" -eq $((${#corpus[@]} + 10000)) ] || { echo "only $lines hashes"; exit 1; }
for other in libfuzzer gcc sanitized; do
  cmp "$out/clang" "$out/$other" || {
    diff "$out/clang" "$out/$other" | head -n 4
    exit 1
  }
done
"$build/tests/state_counts" >"$out/clang.counts"
counts=$(wc -l <"$out/clang.counts")
[ "$counts" -gt 50 ] || { echo "only $counts explorations"; exit 1; }
for other in gcc sanitized; do
  "$build/variants/$other/tests/state_counts" >"$out/$other.counts"
  cmp "$out/clang.counts" "$out/$other.counts"
done
echo "$lines trace hashes agree in four builds, $counts explorations in three"
