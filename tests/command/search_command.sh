#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# gatherfuzz search as a person and a script meet it.
#   search_command.sh GATHERFUZZ SOURCE
set -uo pipefail
gatherfuzz=$1
mail=$2/corpus/00-the-mail.gather
verb=(search)
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
field() { sed -E "s/.*\"$1\":\"?([^,\"}]*).*/\1/" out; }

# A violation: its report, and its schedule.
expect 1 'BUG: gatherfuzz: stale-after-return' -- "$mail"
check grep -Eq '^stale-after-return in execution [0-9]+ \(own-range, x86, pct, seed 0\): ' out
replay=$(sed -n 's/^replay: gatherfuzz search //p' out)
# shellcheck disable=SC2086 # several words
expect 1 'BUG: gatherfuzz: stale-after-return' -- $replay
expect 1 -- "$mail" -o found.gather
check test ! -s err
for line in 'policy own-range' 'arch x86' 'expect stale-after-return'; do
  check grep -qx "$line" found.gather
done
check grep -Eq '^  cpu[01] until [a-z_]+(\([0-9]+\))?( #[0-9]+)?$' found.gather
check test "$(tail -n 1 found.gather)" = '  rest'
check "$gatherfuzz" run --check found.gather
for strategy in uniform runs pct pos surw landmark; do
  expect 1 -- --strategy "$strategy" "$mail" -o "$strategy.gather"
  check "$gatherfuzz" run --check "$strategy.gather" >/dev/null
  expect 1 -- --strategy "$strategy" --policy need-flush-all --arch arm64 -o "$strategy.gather"
  check "$gatherfuzz" run --check "$strategy.gather" >/dev/null
done

# JSON; the same for any number of jobs, another for another seed.
expect 1 \
  '"verdict":"stale-after-return","step":[0-9]+,"steps":[0-9]+,"trace_hash":"[0-9a-f]{16}","signature":"stale-after-return' \
  -- --json "$mail"
check test "$(field executions)" -eq "$(field distinct)"
cp out one
for jobs in 1 2 7; do
  expect 1 -- --json --jobs "$jobs" "$mail"
  check cmp -s out one
done
hash=$(field trace_hash)
check test "$(sed -E 's/.*"schedule":"([^"]|\\")*rest\\n".*/whole/' out)" = whole
expect 1 -- --json --seed 1 "$mail"
check test "$(field trace_hash)" != "$hash"
expect 1 -- --json --policy own-range --arch arm64
first=$(field executions)
expect 0 'none' -- --policy own-range --arch arm64 --executions $((first - 1))
expect 1 "in execution $first " \
  -- --policy own-range --arch arm64 --executions "$first" -o /dev/null

# Nothing found.
expect 0 \
  '^none \(full-mm, x86, pct, seed 0\): 3000 executions, [0-9]+ distinct schedules, [0-9]+ steps$' \
  -- --policy full-mm --executions 3000 "$mail"
expect 0 \
  '"verdict":"none","step":null,"steps":null,"trace_hash":null,"signature":null,"schedule":null' \
  -- --json --policy full-mm --arch x86 --executions 3000
expect 0 'none' -- --policy full-mm --arch arm64 --executions 3000 -o never.gather
check test ! -e never.gather
expect 0 -- --ignore stale-after-return,freed-page-cached "$mail" --executions 1000

# Counting all.
expect 1 '^  stale-after-return +[0-9]+$' -- --keep_going --executions 2000 "$mail"
check grep -Eq '^  a violation in one execution: 0\.[0-9]+ \(95%: 0\.[0-9]+ to 0\.[0-9]+\)$' out
check grep -q ': 2000 executions' out
expect 1 \
  '"hits":\{"stale-after-return":[0-9]+\},"probability":0\.[0-9]+,"probability_95":\[0\.[0-9]+,0\.[0-9]+\]' \
  -- --json --keep_going --executions 2000 "$mail"

# Ctrl-C: what there is, and status 3.
set -m
"$gatherfuzz" search --policy full-mm --arch x86 --executions 1000000000000 >out 2>err &
interrupt $!
wait $!
check test $? -eq 3
check grep -Eq '^stopped; so far none \(full-mm, x86, pct, seed 0\): [0-9]+ executions' out
check test ! -s err
set +m

# One clear line, and status 2.
expect 2 "unknown strategy 'luck'; one of runs, uniform, pct, pos, surw, landmark" \
  -- --strategy luck "$mail"
expect 2 'says no policy; pass --policy' -- --arch x86
expect 2 '\-\-executions is at least 1' -- --executions 0 "$mail"
expect 2 '\-\-jobs is 0 to 1024' -- --jobs -1 "$mail"
expect 2 '\-\-executions' -- --executions many "$mail"
expect 2 'at most one schedule file' -- "$mail" "$mail"
expect 2 'cannot open' -- nowhere.gather
expect 2 'cannot write' -- "$mail" -o no/such/folder/x
expect 0 '\-\-keep_going' -- --help

[ $failures -eq 0 ] || { echo "$failures failures"; exit 1; }
echo "search behaves"
