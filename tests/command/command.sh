#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# The gatherfuzz command as a person and a script meet it: output, errors, exit statuses, files.
set -uo pipefail
gatherfuzz=$1 with_outside=$2
verb=()
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

cat >race.gather <<'END'
gatherfuzz 1
intent CPU 1 sees PTE 2 empty and returns before CPU 0 flushes it.
cpus 2
policy own-range
arch x86
expect stale-after-return

init
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
END

# What it says of a violation.
expect 1 'BUG: gatherfuzz: stale-after-return in cpu1.s madvise.MADV_DONTNEED. of 2..4' \
  -- run race.gather
for pattern in 'the TLB of cpu1 still holds page 2' '^filled: *before the first step' \
  '^cleared: .*pte_clear.2. of cpu0' '^seen so: .*pte_read.2. of cpu1' '^missing:' \
  '^ step  cpu0 +cpu1' '^replay: gatherfuzz run --policy own-range --arch x86 race.gather'; do
  check grep -Eq "$pattern" out
done
expect 0 'race.gather: none .full-mm, x86, [0-9]+ steps' -- run --policy full-mm race.gather
expect 0 'tlb_flush_done' -- run --policy=full-mm --arch arm64 --trace race.gather
expect 1 '"verdict":"stale-after-return","page":2,"cpu":1,"step":[0-9]+,' -- run --json race.gather
check grep -Eq '"trace_hash":"[0-9a-f]{16}"' out
expect 0 '"page":null,"cpu":null,"step":null' -- run --json --policy full-mm race.gather
expect 1 'endless-fault|none|stale' -- run --ignore freed-page-cached race.gather
expect 0 'none' -- run --ignore stale-after-return race.gather

sed 's/pte_clear(2)/pte_clear(63)/' race.gather >never.gather
expect 0 "warning: never.gather: 'cpu0 until pte_clear.63.' never came" \
  -- run --policy full-mm never.gather

# Every policy side by side, in place of the file's own.
expect 1 '^race.gather on x86; .*the program determines 3 of 3 pages' \
  -- run --policy all race.gather
check grep -Eq '^[*] full-mm +none .* as the program says$' out
check grep -Eq '^  own-range +stale-after-return .* -$' out
check grep -Eq '^fails: .*own-range' out
check test "$(grep -Ec '^[* ] [a-z-]+ +[a-z-]+ +[0-9]' out)" -eq \
  "$("$gatherfuzz" policies | sed '/^arch/,$d' | grep -c '^  [a-z]')"
check test "$(grep -c 'expected to be safe' out)" -eq 1
expect 1 -- run --policy all --json race.gather
of_each='^{"file":"race.gather","policy":"[a-z-]*","arch":"x86","member":0,"members":1,"verdict":'
check test "$(grep -c "$of_each" out)" -eq "$(wc -l <out)"
check grep -Eq '"policy":"full-mm",.*"held_safe":true,"final_memory":"as the program says"}$' out
check grep -Eq '"policy":"own-range",.*"held_safe":false,"final_memory":null}$' out
printf 'gatherfuzz 1\ninit\n  map 0..4 rw\ncpu0\n  write 0\norder\n  rest\n' >alone.gather
expect 0 '^none fails$' -- run --policy all --arch arm64 alone.gather
expect 1 -- run --policy all --arch x86 alone.gather race.gather
expect 2 'alone.gather: says no arch' -- run --policy all alone.gather
expect 2 "^gatherfuzz: --check needs one policy, not --policy planted" \
  -- run --policy planted --check race.gather
expect 1 "^race.gather: expected none, got deadlock" -- run --policy all --check race.gather
expect 2 '^gatherfuzz: --expect needs one policy' -- run --policy all --expect none race.gather
expect 2 '^gatherfuzz: --trace needs one policy' -- run --policy all --trace race.gather
expect 2 "unknown policy 'all'" -- show --by_step --policy all race.gather
expect 0 '--policy all compares' -- run --help

# A stale entry that nobody stops at: the second write goes to the freed frame.
printf '%s\n' 'gatherfuzz 1' 'arch x86' init 'map 0..16 rw' 'present 0..16' \
  cpu0 'write 2' 'dontneed 2..3' 'write 2' cpu1 'dontneed 8..9' \
  order 'cpu1 until pending_inc' 'cpu0 until done' rest >stale.gather
expect 1 '^fails: need-flush-all, sync-before-dec$' \
  -- run --policy all --ignore stale-after-return,freed-page-cached stale.gather
check grep -Eq '^  need-flush-all +none .* differs at page 2$' out
check grep -q '^need-flush-all: page 2 is left not present; the program says present$' out
check test "$(grep -c 'these, expected to be safe' out)" -eq 0

# As a predicate.
expect 0 -- run --expect stale-after-return race.gather
expect 1 'expected none, got stale-after-return' -- run --expect none race.gather
expect 0 -- run --expect none --policy full-mm race.gather
expect 0 '1 of 1 schedules as expected' -- run --check race.gather
expect 1 '0 of 1 schedules as expected' -- run --check --policy full-mm race.gather
expect 0 -- policies
for name in own-range full-mm epoch-sync x86 arm64; do check grep -Eq "^  $name " out; done
# Planted defects are in a section of their own, and known by name.
check test "$(sed '/^planted defects:/,$d' out | grep -c '^  canary ')" -eq 0
check test "$(sed '1,/^planted defects:/d' out | grep -c '^  canary ')" -eq 1
expect 1 'canary, x86' -- run --policy canary race.gather
check test "$("$with_outside" policies | grep -c '^  outside-policy ')" -eq 1
check test \
  "$("$with_outside" run --json --policy outside-policy race.gather | grep -c '"policy":"outside-policy"')" \
  -eq 1

# Bytes and text.
expect 0 -- encode race.gather -o race.bytes
expect 0 '^gatherfuzz 1' -- show race.bytes
expect 1 'stale-after-return' -- run --policy own-range --arch x86 race.bytes
expect 2 'race.bytes: says no policy; pass --policy, one of .*own-range' -- run race.bytes
expect 0 -- show race.bytes --policy own-range --arch x86 --by_step -o again.gather
expect 0 -- run --check again.gather
check grep -q '^  cpu0 until pte_clear(2)$' again.gather
sed 's/dontneed 1..3/&\n  read 0\n  map 40..50 rw/' race.gather >large.gather
expect 0 -- minimize large.gather -o small.gather
expect 0 -- run --check small.gather
check test "$(grep -Ec '^  read|map 40|intent' small.gather)" -eq 0
check grep -Eq '^# 1 preemption, 2[0-9] steps; (none|a) shorter ' small.gather
check grep -q '^# signature stale-after-return+pte_clear.zap+' small.gather
check test "$(grep -c ' until ' small.gather)" -eq \
  "$(sed '1,/^order/d; /^  rest$/d' small.gather | wc -l)"
expect 0 -- minimize large.gather --limit states=1
check grep -Eq '^# [12] preemptions?, .*; whether a shorter one exists was not explored$' out
expect 0 \
  '"before":.*"operations":4.*"after":.*"operations":2.*"proven":[a-z]+,"interrupted":false' -- \
  minimize large.gather --json -o small.gather
expect 2 'the schedule needs a file: -o OUT' -- minimize large.gather --json
expect 2 "'memory=none' is none of" -- minimize large.gather --limit memory=none
expect 2 'shows no violation' -- minimize --ignore stale-after-return race.gather
expect 0 '^# with --ignore starvation,deadlock$' \
  -- minimize --ignore starvation,deadlock race.gather
# 32 calls are needed, and there is no end of exploring what fewer would do.
{ printf '%s\n' 'gatherfuzz 1' 'cpus 2' 'policy generation-wrap' 'arch x86' init 'map 0..1 rw' \
  'present 0..1' 'cached cpu1 0..1'
  for page in $(seq 16 31); do echo "map $page..$((page + 1)) rw"; done
  printf '%s\n' cpu0 'dontneed 0..1' cpu1 'dontneed 16..32' 'dontneed 16..31' 'dontneed 0..1' \
    order 'cpu1 until syscall_return #2' 'cpu0 until pte_unlock(0)' 'cpu1 until done' rest
} >wrap.gather
set -m
"$gatherfuzz" minimize wrap.gather --limit states=1G -o best.gather 2>err &
interrupt $!
wait $!
check test $? -eq 3
set +m
check grep -q '^gatherfuzz: interrupted; best.gather is the smallest that was found so far$' err
expect 0 -- run --check best.gather
expect 2 'shows no violation under full-mm' -- minimize --policy full-mm race.gather
printf 'random bytes \001\002' >random
expect 0 -- show random -o random.gather
expect 0 -- encode random.gather -o random.bytes
check test \
  "$("$gatherfuzz" run --json --policy full-mm --arch x86 <random - | grep -o 'trace_hash[^,]*')" \
  = \
  "$("$gatherfuzz" run --json --policy full-mm --arch x86 random.bytes | grep -o 'trace_hash[^,]*')"

# Bytes of a family of 64. Its first member is clean; each command takes the first that is not.
sed '/^order/,$d; s/^policy.*//; s/^arch.*//; s/^expect.*//' race.gather >orders.gather
expect 0 -- encode orders.gather -o family
printf '\077' | dd of=family bs=1 seek=14 conv=notrunc 2>/dev/null
on=(--policy own-range --arch x86)
bad=0
while [ $bad -lt 64 ] &&
  "$gatherfuzz" run "${on[@]}" --member $bad family >/dev/null; do bad=$((bad + 1)); done
check test $bad -gt 0 -a $bad -lt 64
field() { "$gatherfuzz" run --json "$@" | grep -o '"trace_hash[^,]*'; }
expect 1 "^member: $bad of 64 of the input's family$" -- run "${on[@]}" family
check grep -q '^replay: gatherfuzz run --policy own-range --arch x86 family$' out
expect 1 "\"member\":$bad,\"members\":64,\"verdict\":\"stale-after-return\"" \
  -- run --json "${on[@]}" family
expect 1 "^replay: .* --member $bad family$" -- run --member $bad "${on[@]}" family
expect 0 'family: none .own-range, x86, member 0 of 64, [0-9]+ steps' \
  -- run --member 0 "${on[@]}" family
expect 0 'family: none .full-mm, x86, all 64 members; member 0: [0-9]+ steps' \
  -- run --policy full-mm --arch x86 family
expect 0 '"member":0,"members":64,"verdict":"none"' -- run --json --policy full-mm --arch x86 family
expect 0 -- run --expect stale-after-return "${on[@]}" family
expect 1 'expected none, got stale-after-return' -- run --expect none "${on[@]}" family
expect 0 -- run --expect none --member 0 "${on[@]}" family
expect 1 'none|own-range' -- run --ignore stale-dirty-after-return "${on[@]}" family
expect 0 'all 64 members' -- run --ignore stale-after-return "${on[@]}" family
expect 0 '^# member 0 of 64 of its family; --member shows others$' -- show family
expect 0 "^# member $bad of 64 of its family" -- show --member $bad family
cp out member.gather
check test "$(field "${on[@]}" member.gather)" = "$(field "${on[@]}" family)"
check test "$(field "${on[@]}" --member 0 family)" != "$(field "${on[@]}" family)"
expect 0 '^expect stale-after-return$' -- show --by_step --member $bad "${on[@]}" family
expect 0 -- encode --member $bad family -o member
check test "$(field "${on[@]}" member)" = "$(field "${on[@]}" family)"
expect 0 -- encode family -o family.again
check cmp family family.again
expect 0 -- minimize "${on[@]}" family -o small.gather
expect 0 -- run --check small.gather
expect 2 'family: shows no violation under own-range' -- minimize --member 0 "${on[@]}" family
expect 1 '^family on x86 with 64 members; each policy' -- run --policy all --arch x86 family
check grep -Eq "^  own-range +stale-after-return .*  - .member $bad.$" out
check grep -Eq '^[*] full-mm +none .*  as the program says$' out
expect 1 "\"policy\":\"own-range\",\"arch\":\"x86\",\"member\":$bad,\"members\":64" \
  -- run --policy all --arch x86 --json family
expect 2 'family: has no member 64; --member is 0 to 63' -- run --member 64 "${on[@]}" family
expect 2 'family: has no member -1; ' -- show --member -1 family
expect 2 'race.gather: is text, which is one schedule' -- run --member 0 race.gather
expect 2 'race.gather: is text' -- minimize --member 0 race.gather
expect 2 'race.gather: is text' -- encode --member 0 race.gather
expect 2 '^gatherfuzz: --member: ' -- run --member two family
for command in run show encode minimize; do expect 0 '^  --member ' -- $command --help; done

# One clear line, exit status 2, nothing left half written.
sed 's/dontneed 2..4/dontneed 4..2/' race.gather >wrong.gather
expect 2 '^gatherfuzz: wrong.gather:17:12: expected a range of pages' -- run wrong.gather
check grep -q '^             ^$' err
sed 's/own-range/own-rnage/' race.gather >wrong.gather
expect 2 'wrong.gather:4:8: expected a policy: .*own-range' -- run wrong.gather
expect 2 "unknown policy 'nobody'; one of .*own-range" -- run --policy nobody race.gather
expect 2 "unknown arch 'vax'; one of arm64, x86" -- run --arch vax race.gather
expect 2 "unknown flag '--polcy'" -- run --polcy full-mm race.gather
expect 2 "unknown flag '--trace'" -- show --trace race.gather
expect 2 'needs a value' -- run race.gather --policy
expect 2 "unknown command 'runn'" -- runn race.gather
expect 2 'no command' --
expect 2 "is no verdict" -- run --expect stale race.gather
expect 2 "is no kind of violation" -- run --ignore stale race.gather
expect 2 'has no expect line' -- run --check --policy full-mm --arch x86 race.bytes
expect 2 '\.: is a directory' -- run .
expect 2 'nowhere.gather: cannot open: No such file' -- run nowhere.gather
expect 2 'run needs a schedule file' -- run
expect 2 'no/such/folder/x: cannot write' -- encode race.gather -o no/such/folder/x
expect 2 'is a directory; name a file' -- encode race.gather -o .
mkfifo pipe
cat pipe >from_pipe &
expect 0 -- show race.gather -o pipe
wait
check test -p pipe
check grep -q '^gatherfuzz 1' from_pipe
mkdir readonly
expect 2 'readonly: is a directory' -- show race.gather -o readonly
: >empty
expect 0 -- show empty -o empty.gather
: >empty.gather
expect 2 "empty.gather:1:1: expected 'gatherfuzz 1'" -- run empty.gather
cp race.bytes bytes.gather
expect 2 'bytes.gather: is named as text but holds bytes' -- run bytes.gather
head -c 20000000 /dev/zero >large
expect 2 'too large' -- run large
if [ -c /dev/full ]; then
  "$gatherfuzz" policies >/dev/full 2>err
  check test $? -eq 2
fi
expect 0 'usage: gatherfuzz' -- help
expect 0 '--by_step' -- show --help
check test -z "$(find . -name '*.tmp.*')"
check test ! -e no

[ $failures -eq 0 ] || { echo "$failures failures"; exit 1; }
echo "the command behaves"
