#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# gatherfuzz explore --programs and gatherfuzz verdicts as a person and a script meet them.
#   verdicts_command.sh GATHERFUZZ [quick]
# quick: with fewer programs, for builds that are slow. The table's verdicts are then not looked at.
# shellcheck disable=SC2046,SC2207 # on() is words
set -uo pipefail
gatherfuzz=$1 quick=${2:-}
verb=()
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
# One JSON object on one line; by a parser, where there is one.
is_json() {
  check test "$(grep -c '^{.*}$' "$1")" -eq "$(wc -l <"$1")"
  ! command -v python3 >/dev/null ||
    check python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$1"
}
on() { printf -- '--policy %s --arch %s ' "$1" "$2"; }

# A sweep that finds something, and one that does not.
expect 1 'BUG: gatherfuzz: stale-after-return' \
  -- explore --programs 'pages=2' $(on own-range x86) -o found.gather
check grep -Eq \
  '^stale-after-return \(own-range, x86\): 1 preemption, 18 steps; none shorter exists$' out
check grep -Eq '^  program [0-9]+ of [0-9]+, the smallest that violates$' out
check grep -q '^replay: gatherfuzz run found.gather$' out
check test ! -s err
expect 0 '1 of 1 schedules as expected' -- run --check found.gather
expect 0 '^none \(full-mm, arm64\)$' \
  -- explore --programs 'pages=2 kinds=munmap,dontneed' $(on full-mm arm64) -o none.gather
check grep -q '^  complete: every order of every program$' out
check test ! -e none.gather
expect 0 \
  '"verdict":"none","complete":true,"stopped":"","bound":null,"programs":261,"explored":261,"incomplete":0,"broken":0,' \
  -- explore --json --programs 'pages=2 kinds=munmap,dontneed' $(on full-mm arm64)
is_json out
expect 1 '"violations":\{"stale-after-return":[0-9]+,"freed-table-cached":[0-9]+' \
  -- explore --json --all --programs 'pages=2 kinds=munmap,dontneed' $(on full-mm-leaf arm64)
expect 1 '^  freed-table-cached +[0-9]+ programs$' \
  -- explore --all --programs 'pages=2 kinds=munmap,dontneed' $(on full-mm-leaf arm64)
expect 3 '^  [0-9]+ programs reached a limit' \
  -- explore --programs 'pages=2 kinds=munmap,dontneed' --limit states=500 $(on full-mm x86)
expect 3 '"verdict":"limit","complete":false' \
  -- explore --json --programs 'pages=2 kinds=munmap,dontneed' --limit states=500 \
  $(on full-mm x86)

# Ctrl-C: how far it came, and how to go on.
set -m
"$gatherfuzz" explore --programs 'pages=4 walkers=2' $(on full-mm x86) --state cut.json >out 2>err &
until [ -s cut.json ] || ! kill -0 $!; do sleep 0.05; done
interrupt $!
wait $!
check test $? -eq 3
check grep -Eq \
  '^  interrupted after [1-9][0-9]* of [0-9]+ programs; the same command goes on from cut.json$' \
  out
check test ! -s err
set +m

# Killed again and again, it comes to the same in the end. What is killed is at most a second old,
# and comes later each time, for machines that are slow.
some='pages=3 walkers=1; pages=2'
[ -z "$quick" ] || some='pages=2 kinds=munmap,dontneed'
sweep=(explore --programs "$some" $(on reset-range x86) --json --full)
"$gatherfuzz" "${sweep[@]}" >whole
cuts=0
until timeout -s KILL $((2 + cuts / 4)) "$gatherfuzz" "${sweep[@]}" --state killed.json \
  --jobs $((1 + cuts % 3)) >parts; do
  cuts=$((cuts + 1))
  [ $cuts -lt 100 ] || break
done 2>/dev/null
[ -n "$quick" ] || check test $cuts -ge 1
check cmp whole parts
expect 0 -- "${sweep[@]}" --state killed.json
check cmp whole out

# A state file of something else, or damaged, and what cannot be written.
expect 2 'killed.json: is about other programs: cpus=2 ops=2' \
  -- explore --programs pages=1 $(on reset-range x86) --state killed.json
expect 2 'killed.json: is not about full-mm on x86' \
  -- explore --full --programs "$some" $(on full-mm x86) --state killed.json
expect 2 'killed.json: was made with other settings' -- "${sweep[@]}" --all --state killed.json
sed 's/"states":\([0-9]\)/"states":1\1/' killed.json >damaged.json
expect 2 'damaged.json: is damaged: its checksum is wrong' -- "${sweep[@]}" --state damaged.json
head -c 300 killed.json >half.json
expect 2 'half.json: is damaged, or not a state file' -- "${sweep[@]}" --state half.json
echo '{}' >other.json
expect 2 'other.json: is not a state file of sweeps' -- "${sweep[@]}" --state other.json
expect 2 'no/such/state: cannot write' -- "${sweep[@]}" --state no/such/state
expect 2 '\-\-programs: pages=9: expected a number from 1 to 8' \
  -- explore --programs 'pages=2;pages=9' $(on full-mm x86)
expect 2 '\-\-programs: huge: expected KEY=VALUE' -- verdicts --programs huge
expect 2 'says no policy' -- explore --programs pages=2
expect 2 '\-\-verify, --odds, --seen and --seen_by need one file' \
  -- explore --odds --programs pages=2 $(on full-mm x86)
expect 2 '\-\-programs takes no schedule file' \
  -- explore --programs pages=2 $(on full-mm x86) found.gather
expect 2 '\-\-state needs --programs' -- explore --state x found.gather

# The table: every policy on every architecture as it is known to be.
bounds=small
[ -z "$quick" ] || bounds='pages=1 kinds=munmap,dontneed'
expect 0 '^\* expected to be safe there$' -- verdicts --programs "$bounds" -o table
[ -n "$quick" ] || while read -r policy arch verdict; do
  check grep -Eq "^[*? ] $policy +$arch +$verdict " out
done <<'END'
epoch-sync arm64 safe
epoch-sync x86 safe
force-levels arm64 safe
force-levels x86 safe
full-mm arm64 safe
full-mm x86 safe
full-mm-leaf arm64 stale-after-return
full-mm-leaf x86 safe
need-flush-all arm64 stale-after-return
need-flush-all x86 freed-page-cached
nesting-counters arm64 stale-after-return
nesting-counters x86 safe
overlap-list arm64 safe
overlap-list x86 safe
overlap-sync arm64 safe
overlap-sync x86 safe
own-range arm64 stale-after-return
own-range x86 stale-after-return
reset-range arm64 freed-table-cached
reset-range x86 safe
sync-before-dec arm64 deadlock
sync-before-dec x86 deadlock
sync-finish arm64 starvation
sync-finish x86 starvation
widen-range arm64 safe
widen-range x86 stale-after-return
END
check test "$(grep -Ec '^[*? ] [a-z-]+ +(x86|arm64) ' out)" -eq \
  $((2 * $("$gatherfuzz" policies | sed '/^arch/,$d' | grep -c '^  [a-z]')))
check test "$(grep -c '^!' out)" -eq 0
check test "$(awk 'length > 120' out | wc -l)" -eq 0
check test ! -s err
is_json table/verdicts.json
[ -n "$quick" ] || check test "$(ls table/*.gather | wc -l)" -eq 12
check "$gatherfuzz" run --check table/*.gather >/dev/null
for line in '## own-range on x86: stale-after-return' 'policy own-range' \
  ' step  cpu0                      cpu1'; do
  check grep -qx -- "$line" table/verdicts.md
done
check grep -Eq '^\| \\\* \| full-mm \| x86 \| safe \| - \| - \| [0-9]+ \|' table/verdicts.md

# The same in parts, in other forms, and with names.
two=(verdicts --programs 'pages=2 kinds=munmap,dontneed' --policy 'own-range,full-mm' --arch x86)
expect 1 -- "${two[@]}" --json
is_json out
cp out whole
expect 1 -- "${two[@]}" --json --state table.json --jobs 3
check cmp whole out
expect 1 -- "${two[@]}" --json --state table.json
check cmp whole out
expect 2 'table.json: is about other programs' -- verdicts --programs pages=1 --state table.json
expect 1 '^# Verdicts$' -- "${two[@]}" --markdown
expect 0 -- verdicts --programs 'pages=2 kinds=munmap,dontneed' --policy full-mm
expect 3 '^  full-mm +|^\* full-mm +x86 +limit ' \
  -- verdicts --programs 'pages=2' --policy full-mm --limit states=500
check grep -Eq 'programs reached a limit' out
expect 1 '^  canary +x86 ' -- verdicts --programs pages=2 --policy canary --arch x86
set -m
"$gatherfuzz" verdicts --programs 'pages=4 walkers=2' >out 2>err &
interrupt $!
wait $!
check test $? -eq 3
check grep -Eq '^stopped in row 1 of [0-9]+; with --state FILE it could go on from there$' err
set +m

touch file
expect 2 'file/sub: cannot be made or written to' -- verdicts --programs small -o file/sub
expect 2 'file: cannot be made or written to' -- verdicts --programs small -o file
expect 2 "unknown policy 'fullmm'" -- verdicts --policy fullmm
expect 2 "unknown arch 'mips'" -- verdicts --arch x86,mips
expect 2 'verdicts takes no files' -- verdicts found.gather
expect 2 'exclude each other' -- verdicts --json --markdown

[ $failures -eq 0 ] || { echo "$failures failures"; exit 1; }
echo "verdicts behave"
