#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# run --check --policy all: the corpus under every policy, what differs, and --update.
set -uo pipefail
gatherfuzz=$1 source=$2
verb=(run --check --policy all)
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

# The whole corpus. What differs is named, with the command that shows it; the rest is listed.
cp -r "$source/corpus" corpus
count=$(find corpus -name '*.gather' | wc -l)
expect 0 "^$count schedules, [0-9]+ runs: all as expected$" -- corpus
check test "$(wc -l <out)" -eq 1
expect 0 "^$count schedules, [0-9]+ runs: all as expected$" -- --arch x86 corpus
mail=corpus/own-range/x86/mail-race.gather
last=corpus/widen-range/x86/mail-race.gather
for file in "$mail" "$last"; do sed -i 's/ under need-flush-all/ under force-levels/' "$file"; done
expect 1 "^$count schedules, [0-9]+ runs: 4 not as expected, the first in $mail$" -- corpus
check grep -qx \
  "$mail: expected stale-after-return, got none (force-levels, x86); it is expected to be safe there" \
  out
check grep -qx "  replay: gatherfuzz run --policy force-levels --arch x86 $mail" out
check grep -qx "$last: expected none, got stale-after-return (need-flush-all, x86)" out
check test "$(grep -c replay: out)" -eq 1
expect 1 '^\{"schedules":[0-9]+,"runs":[0-9]+,"different":4,"first":"'"$mail"'"\}$' -- --json corpus
check grep -q \
  '^{"file":"'$mail'","policy":"need-flush-all","arch":"x86","member":0,"members":1,"held_safe":false,"expected":"none","verdict":"stale-after-return","replay":"gatherfuzz run --policy need-flush-all --arch x86 '$mail'"}$' \
  out
expect 0 '"different":0,"first":null' -- --json corpus/seeds
sed -i 's/^expect stale-after-return$/expect deadlock/' $mail
expect 1 "^$mail: expected deadlock, got stale-after-return .own-range, x86.$" -- $mail

# --update brings back what was there, byte for byte, but not the file's own expectation, and not
# what is expected to be safe: that stays for a person to write, or to take out.
expect 1 '^2 files rewritten$' -- --update corpus
expect 1 '2 schedules, [0-9]+ runs: 3 not as expected' -- $mail $last
for file in "$mail" "$last"; do
  sed -i '/^expect stale-after-return under force-levels$/d' "$file"
done
sed -i '/under force-levels/s/ force-levels//; s/^expect deadlock$/expect stale-after-return/' \
  $mail $last
expect 0 '^0 files rewritten$' -- --update corpus
check diff -r corpus "$source/corpus"

cat >race.gather <<'RACE'
# A comment first.
gatherfuzz 1
expect deadlock under need-flush-all gone@1   # why need-flush-all?
intent expect none under nobody
expect none under full-mm canary parity-count # one that is safe, two that are planted
cpus 2
policy own-range
arch x86
expect stale-after-return # its own

init # cpus 2
  map 0..4 rw
  present 1..4
  cached cpu1 2..3
cpu0
  dontneed 1..3
cpu1
  dontneed 2..4
order
  cpu0 until pte_clear(2)
  cpu1 until done
  rest
RACE
cat >updated <<'RACE'
# A comment first.
gatherfuzz 1
expect none under full-mm parity-count  # one that is safe, two that are planted
expect stale-after-return under canary need-flush-all
expect deadlock under gone@1 sync-before-dec  # why need-flush-all?
intent expect none under nobody
cpus 2
policy own-range
arch x86
expect stale-after-return # its own

RACE
sed -n '/^init/,$p' race.gather >>updated
sed 's/$/\r/' race.gather >windows.gather
sed 's/$/\r/' updated >updated_windows
expect 1 'race.gather: expected deadlock, got stale-after-return .need-flush-all, x86.$' \
  -- race.gather
check grep -q '^gatherfuzz: not in this build, so not checked: gone@1$' err
expect 0 '^2 files rewritten$' -- --update race.gather windows.gather
check diff race.gather updated
check cmp windows.gather updated_windows
expect 0 'all as expected' -- race.gather
check test -z "$(find . -name '*.tmp.*')"

# Below the file's own expectation; at the end of the head, if there is none; at the end of the
# file.
grep -v ' under .*[a-z]' updated | sed 's/ # its own//' >below.gather
expect 0 '^1 files rewritten$' -- --update below.gather
check grep -A 2 -x 'expect stale-after-return' below.gather -q
check test "$(grep -A 1 -x 'expect stale-after-return' below.gather | tail -n 1)" = \
  'expect stale-after-return under need-flush-all'
printf 'gatherfuzz 1\narch arm64\ncpus 1' >short.gather
expect 0 '^0 files rewritten$' -- --update short.gather
grep -vx 'expect stale.*\|policy .*\|expect dead.*\|.*under need.*' below.gather >none.gather
expect 0 '^1 files rewritten$' -- --update none.gather
check grep -qx 'expect stale-after-return under need-flush-all own-range' none.gather
check test "$(grep -n '^expect' none.gather | head -n 1)" = \
  "$(($(grep -n '^arch' none.gather | cut -d : -f 1) + 1)):expect stale-after-return under need-flush-all own-range"

# A file that names no architecture is run on each, and cannot say that they differ.
grep -v '^arch' corpus/reset-range/arm64/table-race.gather >each.gather
expect 1 'each.gather: expected freed-table-cached, got none .reset-range, x86.' -- each.gather
expect 2 'each.gather: names no architecture, and full-mm-leaf does not do the same' \
  -- --update each.gather
expect 0 '1 schedules, 13 runs: all as expected' -- --arch arm64 each.gather

# Bytes expect nothing, but of what is expected to be safe. Folders hold other things too.
"$gatherfuzz" encode race.gather -o race || failures=$((failures + 1))
mkdir -p queue/.state
cp race queue/id:000000
cp race queue/.state/id:000000
echo 'no schedule' | tee queue/README.md >queue/plot_data
safe=$("$gatherfuzz" run --policy all --json --arch x86 race | grep -c '"held_safe":true')
expect 0 "^1 schedules, $safe runs: all as expected$" -- --arch x86 queue
expect 0 '^2 schedules' -- queue race
rm -r queue/id:000000
expect 2 'queue: holds no schedule' -- queue

expect 2 'nowhere: no such file or folder' -- nowhere
echo 'gatherfuzz 1
expect stale under own-range' >wrong.gather
expect 2 'wrong.gather:2:8: expected a verdict: none, ' -- wrong.gather
expect 2 'not with --arch or --ignore' -- --update --arch x86 race.gather
expect 2 'not with --check --policy all' -- --trace race.gather
"$gatherfuzz" run --update race.gather 2>err
check test $? -eq 2
check grep -q -- '--update goes with --check --policy all' err

# What other commands write is another schedule, or the same as one policy has it.
for command in 'show --by_step' 'show --policy full-mm' minimize explore; do
  # shellcheck disable=SC2086 # several words
  "$gatherfuzz" $command race.gather -o other.gather >out 2>&1
  check test -s other.gather
  check test -z "$(grep -E '^expect .* under' other.gather)"
  "$gatherfuzz" run --check other.gather >out 2>&1 || ! grep -q '^expect' other.gather ||
    { echo "$command: stale"; failures=$((failures + 1)); }
  rm -f other.gather
done
"$gatherfuzz" show race.gather >other.gather
check grep -qx 'expect deadlock under gone@1 sync-before-dec' other.gather
"$gatherfuzz" export --gtest race.gather >out
check test -z "$(grep '^ *expect .* under' out)"

"$source/scripts/replay" --nonsense >out 2>err
check test $? -eq 2
check grep -q "^replay: unknown argument '--nonsense'" err

[ $failures -eq 0 ] || { echo "$failures failures"; exit 1; }
echo "the corpus is held to what it expects"
