#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# gatherfuzz explore --odds, --seen and --seen_by as a person and a script meet them.
#   odds_command.sh GATHERFUZZ SOURCE
set -uo pipefail
gatherfuzz=$1
corpus=$2/corpus
mail=$corpus/00-the-mail.gather
verb=(explore)
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

# Odds, beside the verdict; the kinds apart where there are several.
expect 1 '^    uniform     0\.0845 +\(12 runs\)$' -- --odds "$mail"
check grep -Eq '^    runs        0\.0116 +\(86 runs\)$' out
check grep -Eq '^    pct         0\.198 +\(5\.0 runs\)$' out
check grep -Eq '^      depth 2   0\.139 +\(7\.2 runs\)$' out
expect 0 '^    uniform     0 +\(no order it can draw violates\)$' -- --odds --policy full-mm "$mail"
expect 1 \
  '"odds":\{"states":[0-9]+,"steps":36,"random":\{"violation":0\.0844705[0-9]+,"kinds":\{"stale-after-return":0\.084470' \
  -- --odds --json "$mail"
check grep -q '"pct_by_depth":{"2":{"violation":0.1388888888888' out
cat >tables.gather <<'END'
gatherfuzz 1
cpus 3
init
  map 0..4 rw
  map 16..20 rw
  present 0..2
  present 16..17
cpu0
  munmap 0..4
cpu1
  dontneed 16..17
cpu2
  munmap 16..20
walk1
  fill 1
order
  rest
END
expect 1 \
  '^    uniform     0\.00681 +\(147 runs\)  of that freed-page-cached 1\.83e-06, freed-table-cached 0\.00681$' \
  -- --odds --policy need-flush-all --arch x86 tables.gather
expect 1 '"verdict"' -- --json "$mail"
check test "$(grep -c '"odds"\|"seen"' out)" -eq 0

# What files have seen: one order, itself; another program, nothing.
expect 1 '^  seen by 1 execution; 1 of 1 file have these programs$' -- --seen "$mail" "$mail"
check grep -Eq '^    states 27 of 6[0-9]{2}, ' out
check grep -Eq \
  '^      (cpu|inv|walk)[0-9] [a-z_]+(\([0-9]+\))? right after (cpu|inv|walk)[0-9] [a-z_]+' out
check grep -Eq '^      and [0-9]+ more, which --json lists$' out
sed 's/dontneed 2\.\.4/dontneed 3..4/' "$mail" >other.gather
expect 1 '^  seen by 0 executions; 0 of 1 file have' -- --seen other.gather "$mail"
check grep -Eq '^    states 0 of ' out

# Bytes stand for a family of orders; a folder for what is in it and below.
mkdir -p many/below
cp "$mail" other.gather many
"$gatherfuzz" encode "$mail" -o many/below/bytes || failures=$((failures + 1))
members=$("$gatherfuzz" run --json many/below/bytes --policy full-mm --arch x86 | sed 's/.*"members":\([0-9]*\).*/\1/')
expect 1 "^  seen by $((1 + members)) executions; 2 of 3 files have" -- --seen many "$mail"
expect 1 "^  seen by $((2 + members)) executions; 3 of 4 files have" -- --seen "many,$mail" "$mail"
echo 'gatherfuzz 1 nonsense' >many/bad.gather
expect 1 'bad.gather:1:' -- --seen many --json "$mail"
check grep -q '"seen":{"files":4,"same_programs":2,"unreadable":1,' out

# What a strategy sees: what `search` draws, more of it with more executions, at last everything.
expect 1 '^  seen by 5 executions$' -- --seen_by pct --executions 5 --seed 7 "$mail"
cp out five
expect 1 -- --seen_by pct --executions 5 --seed 7 "$mail"
check cmp -s <(grep -A9 ' seen by' five) <(grep -A9 ' seen by' out)
expect 1 -- --seen_by pct --executions 5 --seed 8 "$mail"
check test "$(grep -A9 ' seen by' five)" != "$(grep -A9 ' seen by' out)"
cat >tiny.gather <<'END'
gatherfuzz 1
cpus 1
init
  map 0..4 rw
  present 1..3
  cached cpu0 1..2
cpu0
  read 1
walk0
  fill 2
order
  rest
END
expect 0 '^    states 4 of 4, 100\.0%$' \
  -- --seen_by uniform --executions 100 --policy full-mm --arch x86 tiny.gather
check grep -q '^    pairs of conflicting steps, one right after the other: 2 of 2, 100.0%$' out
check test "$(grep -c 'not seen' out)" -eq 0

# What cannot be answered is not guessed; what was asked for wrongly is refused.
expect 3 '^  odds: not computed$' \
  -- --odds --seen "$mail" --limit states=100 --policy full-mm "$mail"
check grep -q '^  seen: not computed$' out
expect 1 '^    pct         not computed: a thread goes on' \
  -- --odds "$corpus/planted/dec-before-delivery/x86/issued-is-not-done.gather"
expect 2 "unknown strategy 'magic'; one of runs, uniform" -- --seen_by magic "$mail"
expect 2 'nowhere: no such file or folder' -- --seen nowhere "$mail"
exit "$failures"
