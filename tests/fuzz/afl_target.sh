#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Targets for AFL++ report what those for libFuzzer do, and afl-fuzz finds it with our mutator.
set -uo pipefail
build=$(realpath "$1") source=$(realpath "$2")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "$*"; cat "$scratch/log"; exit 1; }
touch "$scratch/log"
command -v afl-fuzz >/dev/null || fail "afl-fuzz is not installed (package afl++)"
[ -x "$build/fuzz/afl_any" ] || fail "CMake did not find AFL++ (package afl++): no targets for it"
cd "$scratch" || exit 1
encode() { "$build/gatherfuzz" encode "$source/corpus/$1.gather" -o "$2" ||
  fail "cannot encode $1"; }
# lines LOG: what a target says of a violation.
lines() { grep -E '^(DEDUP_TOKEN:|fuzz_[^ ]*:|gatherfuzz: [a-z-]+:) ' "$1"; }

# Replay of a file, here of one whose name the driver would take for a number.
for race in own-range/x86/mail-race reset-range/arm64/table-race; do
  target=$(cut -d / -f 1,2 <<<"$race" | tr / _)
  encode "$race" 1nput
  "$build/fuzz/fuzz_$target" 1nput >libfuzzer 2>&1
  { "$build/fuzz/afl_$target" 1nput; } >log 2>&1 </dev/null
  [ $? -eq 134 ] || fail "$race: afl_$target did not abort"
  [ "$(lines libfuzzer | wc -l)" -eq 3 ] || fail "$race: fuzz_$target said something else"
  [ "$(lines libfuzzer)" = "$(lines log)" ] || fail "$race: the two engines' targets differ"
  "$build/fuzz/afl_full-mm_${target#*_}" 1nput >log 2>&1 </dev/null || fail "$race: breaks full-mm"
done

# What runs before the first test case is not held against it: sync-before-dec breaks at anything.
mkdir seeds
encode seeds/refused seeds/refused
afl-showmap -q -i seeds -o map -- "$build/fuzz/afl_sync-before-dec_x86" >log 2>&1 ||
  fail "afl-showmap saw a crash of a clean seed"

# The companions.
for seed in "$source"/corpus/seeds/*.gather; do
  name=$(basename "$seed" .gather)
  encode "seeds/$name" "seeds/$name"
  cp "seeds/$name" "seeds/$name-again"
done
AFL_ALLOW_TMP=1 afl-cmin -i seeds -o fewer -- "$build/fuzz/afl_full-mm_x86" >log 2>&1 ||
  fail "afl-cmin failed"
kept=$(find fewer -type f | wc -l) all=$(find seeds -type f | wc -l)
[ "$kept" -gt 1 ] && [ "$kept" -le $((all / 2)) ] || fail "afl-cmin kept $kept of $all"
encode own-range/x86/mail-race crash
afl-tmin -i crash -o smaller -- "$build/fuzz/afl_own-range_x86" >log 2>&1 || fail "afl-tmin failed"
{ "$build/fuzz/afl_own-range_x86" smaller; } >log 2>&1 </dev/null && fail "afl-tmin lost the crash"

# Fuzzing.
export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_TRY_AFFINITY=1
export AFL_BENCH_UNTIL_CRASH=1 AFL_CUSTOM_MUTATOR_LIBRARY=$build/fuzz/libgatherfuzz_mutator.so
afl-fuzz -E 300000 -s 1 -t 10000 -i seeds -o found -- "$build/fuzz/afl_own-range_x86" \
  >log 2>&1 </dev/null || fail "afl-fuzz failed"
for line in 'Persistent mode binary detected' 'SHARED MEMORY FUZZING' \
  'libgatherfuzz_mutator.so. installed successfully'; do
  grep -q "$line" log || fail "afl-fuzz does not say '$line'"
done
# The map has room for the features beside some hundred edges.
[ "$(sed -n 's/.*Target map size: \([0-9]*\).*/\1/p' log)" -gt 1100 ] ||
  fail "no cells for features in the map"
crash=$(find found/default/crashes -name 'id:*' | head -n 1)
[ -n "$crash" ] || fail "afl-fuzz found nothing in 300,000 executions"
"$build/fuzz/fuzz_own-range_x86" "$crash" >log 2>&1
[ $? -eq 77 ] || fail "what afl-fuzz found is clean for libFuzzer's target"
echo "AFL++'s targets report and find what libFuzzer's do"
