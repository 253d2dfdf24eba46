#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# The command with policies that wait by looking (tests/spinning.h): the verdict livelock, and what
# is said of a run that comes to the limit of steps.
set -uo pipefail
gatherfuzz=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0
fail() { echo "FAILED: $*"; cat out err; failures=$((failures + 1)); }
# expect STATUS PATTERN ARGUMENT...: the exit status, and a line of either output.
expect() {
  local status=$1 pattern=$2 got
  shift 2
  # A run that is not bounded dies of this.
  (ulimit -v 2000000; "$gatherfuzz" "$@" >out 2>err)
  got=$?
  [ $got -eq "$status" ] || fail "gatherfuzz $*: status $got, not $status"
  grep -Eqh -- "$pattern" out err || fail "gatherfuzz $*: no line matches $pattern"
}

programs='init
  map 0..1 rw
  present 0..1
cpu0
  dontneed 0..1
cpu1
  dontneed 0..1
order
  cpu0 until pending_inc'
printf 'gatherfuzz 1\n%s\n  cpu1 until done\n  rest\n' "$programs" >order.gather
printf 'gatherfuzz 1\n%s\n  rest pct 1\n' "$programs" >pct.gather

spins="--policy test-spins-before --arch x86"
after="--policy test-spins-after --arch x86"
never="--policy test-never-again --arch x86"

for file in order pct; do
  # shellcheck disable=SC2086
  {
    expect 1 'livelock in cpu0' run $spins $file.gather
    expect 1 'cpu0 and cpu1 look at pending_read again and again' run $spins $file.gather
    expect 1 'looks at pending_read for good' run $spins $file.gather
    expect 1 '"signature":"livelock\+pending_read"' run --json $spins $file.gather
    expect 0 . run $spins --expect livelock $file.gather
    expect 0 'none' run $after $file.gather
    expect 1 'whatever way they take turns' explain $spins $file.gather
    expect 0 '^# signature livelock\+pending_read$' minimize $spins $file.gather
    expect 0 '^expect livelock$' show --by_step $spins $file.gather
  }
done

# shellcheck disable=SC2086
{
  "$gatherfuzz" minimize $spins pct.gather -o small.gather 2>err || fail "minimize"
  expect 0 . run --check small.gather
  "$gatherfuzz" show --by_step $spins pct.gather -o named.gather 2>err || fail "show"
  "$gatherfuzz" run --json $spins pct.gather 2>err | grep -o '"trace_hash":"[0-9a-f]*"' >wanted.txt
  expect 1 "$(cat wanted.txt)" run --json named.gather
  expect 1 'livelock' search $spins --executions 20000
  expect 1 'livelock .test-spins-before, x86.' explore --ignore \
    stale-after-return,freed-page-cached $spins order.gather
  expect 0 'every order|complete|none' explore --ignore stale-after-return,freed-page-cached \
    --policy test-spins-after --arch x86 order.gather
  expect 0 . explore --verify $spins order.gather
}

# What does not end is no verdict, and nobody says otherwise.
for file in order pct; do
  # shellcheck disable=SC2086
  {
    expect 3 'limit' run $never $file.gather
    expect 3 'did not end within 131072 steps, so its switches' show --by_step $never $file.gather
    [ -s out ] && fail "show --by_step writes another run"
    expect 3 'did not end within 131072 steps, so whether' minimize $never $file.gather
    [ -s out ] && fail "minimize writes a schedule"
    expect 3 'no verdict under test-never-again' explain $never $file.gather
    expect 3 'expected none, got limit' run --expect none $never $file.gather
    expect 0 . run --expect limit $never $file.gather
  }
done
mkdir crashes && cp order.gather crashes
# shellcheck disable=SC2086
expect 3 'comes to the limit of steps' triage crashes --out triaged $never
[ "$failures" -eq 0 ]
