#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# gatherfuzz triage as a night of fuzzing, a script, and somebody impatient meet it.
#   triage_command.sh GATHERFUZZ MAKE_CRASHES SOURCE
set -uo pipefail
gatherfuzz=$1 make_crashes=$2 corpus=$3/corpus
verb=(triage)
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
trap 'chmod -R u+rwx "$scratch"; rm -rf "$scratch"' EXIT

is_json() {
  ! command -v python3 >/dev/null ||
    check python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$1"
}
# whole FOLDER: everything in an --out folder is there completely.
whole() {
  local folder file
  for folder in "$1"/*/; do
    [ -d "$folder" ] || break
    for file in schedule.gather schedule.bytes explanation.txt page.html original group.json; do
      [ -f "$folder$file" ] || { echo "$folder$file is missing"; return 1; }
    done
    tail -n 1 "${folder}group.json" | grep -qx '}' ||
      { echo "${folder}group.json is not whole"; return 1; }
  done
  [ ! -e "$1/index.json" ] || tail -c 3 "$1/index.json" | grep -q '}$' ||
    { echo "index.json is not whole"; return 1; }
  [ ! -e "$1/index.html" ] || tail -n 1 "$1/index.html" | grep -qx '</html>'
}
bytes_of() { "$gatherfuzz" encode "$corpus/$1.gather" -o "$2"; }

# What libFuzzer and AFL++ leave, and files in text form.
mkdir -p night/fuzz_own-range_x86/corpus night/sync/main/{crashes,hangs,queue} \
  night/sync/second/crashes
for name in crash-1 timeout-2 oom-3 leak-4 slow-unit-5; do
  bytes_of own-range/x86/mail-race night/fuzz_own-range_x86/$name
done
bytes_of seeds/refused night/fuzz_own-range_x86/corpus/da39a3ee5e6b4b0d3255bfef95601890afd80709
echo 'command_line : afl-fuzz -i in -o sync -- build/fuzz/afl_reset-range_arm64' \
  >night/sync/main/fuzzer_stats
printf "# command line:\n'afl-fuzz' '--' 'afl_own-range_x86'\n" >night/sync/second/fuzzer_setup
bytes_of reset-range/arm64/table-race "night/sync/main/crashes/id:000000,sig:06,src:000000,op:havoc"
bytes_of reset-range/arm64/table-race "night/sync/main/hangs/id:000000,src:000001"
bytes_of own-range/x86/mail-race "night/sync/second/crashes/id:000000,sig:06"
: >night/sync/main/queue/id:000000
: >night/sync/main/.cur_input
echo 'Command line used to find this crash' >night/sync/main/crashes/README.txt
cp "$corpus/own-range/x86/mail-race.gather" night/
mkdir night/sync-before-dec_x86
printf m >night/sync-before-dec_x86/crash-short  # one byte breaks both policies
expect 1 '^10 files .4 different., 6 skipped: 3 new violations, 0 known; out1/index.html$' \
  -- night --out out1
check grep -Eq '^new +own-range +x86 +stale-after-return +7 ' out
check grep -Eq '^new +reset-range +arm64 +freed-table-cached +2 ' out
check grep -Eq '^new +sync-before-dec +x86 +deadlock +1 ' out
check test ! -s err
check whole out1
check test "$(find out1 -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 3
check "$gatherfuzz" run --check out1/*/schedule.gather >/dev/null
for folder in out1/*/; do
  name=$(basename "$folder") policy=${name%%_*} arch=${name#*_}
  "$gatherfuzz" show "$folder/schedule.bytes" | grep -vE '^(intent|policy|arch|expect)' >decoded
  grep -vE '^(intent|policy|arch|expect)' "$folder/schedule.gather" | diff -B - decoded ||
    check false "$name"
  kind=$(sed -n 's/^expect //p' "$folder/schedule.gather")
  check "$gatherfuzz" run --policy "$policy" --arch "${arch%%-*}" --expect "$kind" \
    "$folder/schedule.bytes" >/dev/null
  check grep -q "^$kind in " "$folder/explanation.txt"
done
check cmp out1/sync-before-dec_x86-*/original night/sync-before-dec_x86/crash-short
is_json out1/index.json
expect 1 '^\{"schema":1,' -- night --out out1 --json
check cmp out out1/index.json
# From within, and with the flags in the place of the path.
cd night/fuzz_own-range_x86 || exit 1
expect 1 '^new +own-range +x86 ' -- crash-1 --out ../../out2
cd "$scratch" || exit 1
cp night/fuzz_own-range_x86/crash-1 lone
expect 1 '^new +own-range +arm64 ' -- lone --out out3 --policy own-range --arch arm64
expect 0 'lone: shows no violation under full-mm on x86' \
  -- lone --out out4 --policy full-mm --arch x86
# Text says it itself.
expect 1 '^new +own-range +x86 ' -- night/mail-race.gather --out out14 --policy full-mm --arch arm64

# Known ones: of any of these forms, and in the end all of them.
expect 1 '1 new violation, 2 known; ' -- night --out out5 --known night/sync
expect 1 '1 new violation, 1 known; ' -- night --out out6 --known lone --policy own-range --arch x86
expect 0 '0 new violations, 3 known; ' -- night --out out7 --known out1
check test "$(grep -c '^known ' out)" -eq 3
expect 2 'out1: is the folder to write to' -- night --out out1 --known out1
expect 2 'out1: is the folder to write to' -- out1 --out out1
expect 2 'no such file or folder' -- night --out out8 --known nowhere
check test ! -e out8
# A triage of a triage is of its schedules, under the policies they name.
expect 1 '^3 files .3 different., [0-9]+ skipped: 3 new violations' -- out1 --out out9
# An --out within the folder is not part of it.
cp -r night nest
expect 1 '^10 files .4 different., 6 skipped' -- nest --out nest/out
expect 1 '^10 files .4 different., 7 skipped' -- nest --out nest/out

# What does not reproduce, and why.
mkdir -p bad/own-range_x86 bad/fuzz_my-idea_x86
bytes_of seeds/refused bad/own-range_x86/crash-clean
: >bad/crash-unsaid
: >bad/fuzz_my-idea_x86/crash-1
printf 'gatherfuzz 1\ncpus 2\n  nonsense\n' >bad/wrong.gather
printf '\0\1' >bad/bytes.gather
printf 'gatherfuzz 1\ncpus 1\npolicy fullmm\narch x86\n\ncpu0\n  read 0\n\norder\n  rest\n' \
  >bad/unknown.gather
ln -s nowhere bad/dangling
ln -s . bad/loop
mkfifo bad/own-range_x86/crash-pipe
truncate -s 17M bad/own-range_x86/crash-large
printf m >bad/own-range_x86/crash-secret
chmod 0 bad/own-range_x86/crash-secret
expect 1 -- bad --out out10
[ "$(id -u)" -eq 0 ] || check grep -q 'crash-secret: cannot be opened: Permission denied' out
rm -f bad/own-range_x86/crash-secret
expect 2 ' 0 new violations, 0 known; ' -- bad --out out11
while read -r line; do check grep -Fxq "  bad/$line" out; done <<'END'
bytes.gather: is named as text but holds bytes; give it a name without .gather
crash-unsaid: does not say which policy; pass --policy, or put it into a folder named POLICY_ARCH
dangling: is a link that leads nowhere
loop: is a link to a folder, which is not followed; name that folder
own-range_x86/crash-clean: shows no violation under own-range on x86
own-range_x86/crash-large: is too large for a schedule (over 16 MiB)
own-range_x86/crash-pipe: is a pipe, a socket or a device, which is not read
END
check grep -Fxq "  bad/fuzz_my-idea_x86/crash-1: unknown policy 'my-idea'; pass --policy" out
check grep -Eq '^  bad/unknown.gather: is text, but at 3:8 expected a policy: ' out
check grep -Eq '^  bad/wrong.gather: is text, but at 3:3 expected ' out
for reason in no-violation unread bad-text unsaid unknown; do
  check grep -q "\"reason\":\"$reason\"" out11/index.json
done
is_json out11/index.json
expect 0 -- bad/own-range_x86/crash-clean --out out12

# Names that are no harm: on a terminal, in JSON, on the page.
mkdir -p 'evil/own-range_x86'
i=0
for name in $'line\nbreak' '<script>alert(1)' '<img src=x onerror=alert(1)>' "quo'te\"s" \
  $'\e[31mred' $'not-\xff-utf8' \
  $'\xe2\x80\xaeright-to-left' '&amp; %41 $(id) `id`' ' ' '-policy'; do
  bytes_of own-range/x86/mail-race "evil/own-range_x86/$name"
  printf '%s' $((i = i + 1)) >>"evil/own-range_x86/$name"
  : >"evil/unsaid $name"
done 2>/dev/null
expect 1 '^20 files' -- evil --out out13
check test "$(LC_ALL=C grep -c '[^ -~]' out)" -eq 0
is_json out13/index.json
check test "$(grep -c . out13/index.json)" -eq 1
check test "$(grep -c '<script\|<img' out13/index.html)" -eq 0
check test "$(LC_ALL=C grep -c '[^ -~]' out13/index.html)" -eq 0
check grep -q '&lt;script&gt;alert(1)<' out13/index.html
check test "$(grep -c 'https\?:' out13/index.html)" -eq 0

# Long lists are cut short where people read, and whole in JSON.
mkdir many
for i in {1..300}; do echo "$i" >"many/crash-$i"; done
expect 2 '^  ... and 290 more like the last .unsaid., see index.json$' -- many --out out15
check grep -q 'and 200 more, in index.json' out15/index.html
check test "$(grep -o '"reason":"unsaid"' out15/index.json | wc -l)" -eq 300

# Folders that are somebody's.
mkdir theirs && echo mine >theirs/notes
expect 2 'theirs: is not empty, and no earlier triage wrote it' -- night --out theirs
check test "$(ls -A theirs)" = notes
expect 2 'lone: cannot be made' -- night --out lone
expect 2 'lone/sub: cannot be made' -- night --out lone/sub
expect 2 'triage needs --out' -- night
expect 2 'triage needs a folder' -- --out x
expect 2 "unknown policy 'fullmm'" -- night --out x --policy fullmm
expect 2 "unknown arch 'mips'" -- night --out x --arch mips
check test ! -e x
if command -v flock >/dev/null; then
  exec 8<out3
  flock 8
  expect 2 'out3: another triage is writing to it' \
    -- lone --out out3 --policy own-range --arch arm64
  exec 8<&-
fi
# In a folder of an earlier triage, too, what is not ours stays; so does what has vanished.
echo mine >out1/notes
echo more >>out1/sync-before-dec_x86-deadlock-*/explanation.txt
rm -r night/sync-before-dec_x86
expect 1 '^vanished +sync-before-dec +x86 ' -- night --out out1
check grep -Eq '2 new violations, 0 known, 1 vanished; ' out
check grep -qx mine out1/notes
check grep -qx more out1/sync-before-dec_x86-deadlock-*/explanation.txt
# A schedule that does not show what it did is not used, and not replaced.
sed -i 's/^policy .*/policy full-mm/' out1/own-range_x86-*/schedule.gather
expect 1 '^outdated +own-range +x86 ' -- night --out out1
check grep -Eq '^ +out1/own-range_x86-stale-after-return-[0-9a-f]{8}-2$' out
check grep -q '^policy full-mm' out1/own-range_x86-stale-after-return-????????/schedule.gather
check whole out1

# The same on any number of threads, and again.
limit=(--limit states=1k)
check "$make_crashes" crashes 60 >/dev/null
expect 1 '^60 files' -- crashes --out jobs1 --jobs 1 "${limit[@]}"
check test "$(grep -c 'without a violation' out)" -eq 0  # some need a later member of their family
sed s/jobs1/jobs8/ out >table
expect 1 -- crashes --out jobs8 --jobs 8 "${limit[@]}"
check cmp out table
check diff -rq jobs1 jobs8
expect 1 -- crashes --out jobs8 --jobs 2 "${limit[@]}"
check diff -rq jobs1 jobs8
# Where a file lies makes no difference to what is made of it.
check test "$(cat jobs1/*/schedule.gather | grep -c crashes)" -eq 0

# Killed at any moment: what is there is whole, and in the end it is all there.
RANDOM=1
killed=0
for _ in {1..20}; do
  timeout -s KILL "0.$(printf %03d $((RANDOM % 120 + 5)))" \
    "$gatherfuzz" triage crashes --out killed --jobs 2 "${limit[@]}" >/dev/null 2>&1
  [ $? -ne 137 ] || killed=$((killed + 1))
  [ ! -d killed ] || check whole killed
  [ ! -e killed/index.html ] || rm -r killed
done 2>/dev/null
check test "$killed" -ge 1
expect 1 -- crashes --out killed "${limit[@]}"
check diff -rq jobs1 killed

# Ctrl-C, once it has got so far as to see it.
set -m
for _ in {1..100}; do # some end before
  rm -rf cut
  "$gatherfuzz" triage crashes --out cut "${limit[@]}" >out 2>err &
  interrupt $!
  wait $!
  status=$?
  [ $status -ne 3 ] || break
done 2>/dev/null
set +m
check test "$status" -eq 3
check grep -Eq '^gatherfuzz: interrupted.*; the same command goes on$' err
check whole cut
check test ! -e cut/.gatherfuzz-unfinished
expect 1 -- crashes --out cut "${limit[@]}"
check diff -rq jobs1 cut
expect 3 'the limit of seconds was reached while files were replayed' \
  -- crashes --out brief --limit seconds=0.000001
check test ! -e brief/index.json

[ $failures -eq 0 ] || { echo "$failures failures"; exit 1; }
echo "triage behaves"
