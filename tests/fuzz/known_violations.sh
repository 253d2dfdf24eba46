#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Fuzz targets pass over what is known, go on to other violations, and lose no count when killed.
set -uo pipefail
build=$(realpath "$1") source=$(realpath "$2")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "$*"; cat log; exit 1; }
cd "$scratch" || exit 1
touch log
export GATHERFUZZ_POLICY=own-range GATHERFUZZ_ARCH=x86
# count N: the Nth number of the file `counts`: 1 executions, 2 schedules, 4 known.
count() { od -A n -t u8 -w8 -v counts | sed -n "$(($1 + 1))s/ //gp"; }

"$build/gatherfuzz" encode "$source/corpus/own-range/x86/mail-race.gather" -o race || fail "encode"
signature=$("$build/gatherfuzz" run --json race --policy own-range --arch x86 |
  sed -n 's/.*"signature":"\([^"]*\)".*/\1/p')
[ -n "$signature" ] || fail "run --json has no signature"

# Known only by a whole line of a file that is there.
run() { GATHERFUZZ_KNOWN=known GATHERFUZZ_COUNTS_FILE=counts "$build/fuzz/$1" race >log 2>&1 \
  </dev/null; }
run fuzz_any && fail "it is passed over without a file"
printf '%s-more\n%s' "$signature" "$signature" >known
run fuzz_any && fail "it is passed over for a line that has no end, or is longer"
printf '%s-more\n%s\n' "$signature" "$signature" >known
run fuzz_any || fail "it is not passed over"
[ "$(count 1) $(count 2) $(count 4)" = '3 3 1' ] ||
  fail "counted $(count 1) executions, $(count 2) schedules, $(count 4) known; not 3, 3, 1"

# What is known where it says nothing against the policy is not known elsewhere.
sed '2i kernel 6.17' "$source/corpus/own-range/x86/mail-race.gather" >later.gather
"$build/gatherfuzz" encode later.gather -o later || fail "encode"
# passed WHAT INPUT: with WHAT as the only line of the file.
passed() { echo "$1" >one && GATHERFUZZ_KNOWN=one "$build/fuzz/fuzz_any" "$2" >log 2>&1; }
for line in "excused $signature" 'excused *'; do
  passed "$line" later || fail "'$line' does not pass over what is excused"
  passed "$line" race && fail "'$line' passes over what is not excused"
done
passed "$signature" later || fail "what is known is reported where it is excused"
passed 'excused other' later && fail "another signature is passed over"

# What does not count is passed over: another kind, or what the fixed line does not survive either.
counts() { env "$@" "$build/fuzz/fuzz_any" race >log 2>&1; }
counts GATHERFUZZ_KIND=stale-after-return && fail "its own kind is passed over"
counts GATHERFUZZ_KIND=write-lost || fail "another kind is not passed over"
counts GATHERFUZZ_FIXED=full-mm && fail "what the fixed line survives is passed over"
counts GATHERFUZZ_FIXED=own-range || fail "what the fixed line does not survive counts"
for variable in KIND FIXED KERNEL; do
  counts GATHERFUZZ_$variable=other
  [ $? -eq 2 ] && grep -q "GATHERFUZZ_$variable is 'other'; it must be one of" log ||
    fail "it takes an unknown GATHERFUZZ_$variable"
done
# The mutator draws operations of a later kernel where it is told to, from nothing too.
GATHERFUZZ_POLICY=full-mm GATHERFUZZ_KERNEL=6.17 GATHERFUZZ_KIND=stale-after-return \
  GATHERFUZZ_FIXED=guard-asks-reclaim "$build/fuzz/fuzz_any" -seed=1 -runs=200000 \
  -artifact_prefix=./guard- >log 2>&1 && fail "s1b is not found"
"$build/gatherfuzz" run --json --policy full-mm --arch x86 guard-crash-* >log
grep -q '"kernel":"6.17' log ||
  fail "what was found is not of kernel 6.17"

echo '*' >all
GATHERFUZZ_KNOWN=all "$build/fuzz/fuzz_any" race >log 2>&1 || fail "a '*' does not stand for all"
if [ -x "$build/fuzz/afl_any" ]; then
  run afl_any || fail "afl_any does not pass it over"
  [ "$(count 4)" = 2 ] || fail "afl_any does not count on"
  # What is passed over shows AFL++ next to nothing; a clean input shows it more.
  cells() {
    GATHERFUZZ_KNOWN=known GATHERFUZZ_POLICY=$1 afl-showmap -q -i races -o "map-$1" -- \
      "$build/fuzz/afl_any" >log 2>&1
    wc -l <"map-$1/race"
  }
  mkdir races
  cp race races
  [ "$(cells own-range)" -le 1 ] ||
    fail "an input that was passed over set $(cells own-range) cells"
  [ "$(cells full-mm)" -gt 20 ] || fail "a clean input set $(cells full-mm) cells"
fi

# libFuzzer goes on to the next one, and keeps nothing that only shows what is known.
mkdir corpus
for number in 2 3 4; do
  GATHERFUZZ_KNOWN=known "$build/fuzz/fuzz_any" -seed=$number -runs=200000 -artifact_prefix=./ \
    corpus \
    >log 2>&1 && fail "violation $number was not found"
  next=$(sed -n "s/.*FuzzerHash=own-range-x86-\([^']*\)'.*/\1/p" log)
  [ -n "$next" ] || fail "no signature in the log"
  grep -qxF -e "$next" known && fail "'$next' was known"
  echo "$next" >>known
done
GATHERFUZZ_KNOWN=known GATHERFUZZ_COUNTS=1 "$build/fuzz/fuzz_any" -runs=0 corpus >log 2>&1 ||
  fail "the corpus has an unknown violation"

# Killed, a target has lost nothing: the file holds at least what it said it had run.
rm counts
GATHERFUZZ_COUNTS_FILE=counts GATHERFUZZ_POLICY=full-mm "$build/fuzz/fuzz_any" -seed=1 >log 2>&1 &
until grep -q '^#[0-9]*	NEW' log || ! kill -0 $!; do sleep 0.1; done
sleep 0.3
kill -9 $!
wait $! 2>/dev/null
said=$(sed -n 's/^#\([0-9]*\)	.*/\1/p' log | tail -n 1)
[ "${said:-0}" -gt 1 ] && [ "$(count 1)" -ge "$said" ] ||
  fail "killed after at least ${said:-0} executions, it has $(count 1)"

# A file that cannot be used is said, and costs the numbers only.
for file in /proc/counts race; do
  GATHERFUZZ_COUNTS_FILE=$file GATHERFUZZ_POLICY=full-mm "$build/fuzz/fuzz_any" race >log 2>&1 ||
    fail "it does not run without $file"
  grep -q "^gatherfuzz: GATHERFUZZ_COUNTS_FILE: $file: " log || fail "nothing is said of $file"
done
# Who runs targets for others takes every crash for a fault, so no seed is of what is excused.
mkdir kit
"$build/fuzz/fuzz_kit" seeds full-mm x86 kit "$source/corpus/zoo/z49.gather" \
  "$source/corpus/00-the-mail.gather" || fail "fuzz_kit"
[ "$(find kit -type f | wc -l)" = 1 ] || fail "$(find kit -type f | wc -l) seeds, not 1"
echo "what is known is passed over"
