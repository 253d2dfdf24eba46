#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# How soon fuzzing, from an empty corpus, finds the race of full-mm on arm64 that only weak memory
# has: a PMD that is found empty without a lock. scripts/memories writes what this says.
#   lockless_race.sh BUILD SEEDS EXECUTIONS
# Each seed is one process of libFuzzer. Where it ends at another violation, that is known from then
# on, and it goes on with its corpus. Prints for each seed its executions, and the seconds of the
# processor; exit status 1 if one has not found it in so many.
set -uo pipefail
build=$(realpath "$1") seeds=$2 most=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
export GATHERFUZZ_POLICY=full-mm GATHERFUZZ_ARCH=arm64 GATHERFUZZ_MEMORY=weak GATHERFUZZ_KNOWN=known
export GATHERFUZZ_COUNTS=1
race='stale-after-return[+]pmd_clear[.][a-z]+[+]pmd_read-none[.][a-z]+[+]syscall_return([+].*)?'
TIMEFORMAT=%U

# run SEED LEFT: sets `executions` and `signature`.
run() {
  "$build/fuzz/fuzz_any" -seed="$1" -runs="$2" -artifact_prefix=crash/ corpus >log 2>&1
  executions=$(sed -n 's/^gatherfuzz: schedules [0-9]* executions \([0-9]*\) .*/\1/p' log)
  signature=$(sed -n "s/.*FuzzerHash=full-mm-arm64-\([^']*\)'.*/\1/p" log)
  [ -n "$executions" ] || { cat log; exit 2; }
}

# search SEED: prints its executions and what it found; nothing if that is not the race.
search() {
  local left=$most
  rm -rf corpus crash known
  mkdir corpus crash
  touch known
  while [ "$left" -gt 0 ]; do
    run "$1" "$left"
    left=$((left - executions))
    [ -n "$signature" ] || return
    if grep -Eqx "$race" <<<"$signature"; then
      "$build/gatherfuzz" run --policy full-mm --arch arm64 --expect stale-after-return crash/* \
        >log 2>&1 || { cat log >&2; exit 2; }
      echo "$((most - left)) $signature" >found
      return
    fi
    rm -f crash/*
    echo "$signature" >>known
  done
}

missed=0
for ((seed = 1; seed <= seeds; ++seed)); do
  rm -f found
  { time search "$seed"; } 2>seconds
  if [ -s found ]; then
    echo "$seed $(cut -d ' ' -f 1 found) $(tail -n 1 seconds) $(cut -d ' ' -f 2 found)"
  else
    echo "$seed - $(tail -n 1 seconds) not found in $most executions"
    missed=$((missed + 1))
  fi
done
[ "$missed" -eq 0 ]
