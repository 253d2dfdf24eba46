#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# gatherfuzz corpus, on what builds of old and engines leave.
#   corpus_command.sh GATHERFUZZ SOURCE
set -uo pipefail
gatherfuzz=$1 old=$2/tests/harness/old_versions corpus=$2/corpus
scratch=$(mktemp -d)
trap 'chmod -R u+rwx "$scratch"; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0

# expect STATUS PATTERN ARGUMENT...: runs corpus; PATTERN must match a line that it prints.
expect() {
  local status=$1 pattern=$2 got
  shift 2
  "$gatherfuzz" corpus "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
  got=$?
  if [ "$got" -ne "$status" ] || ! grep -Eq -- "$pattern" "$scratch/out" "$scratch/err"; then
    echo "gatherfuzz corpus $*: exit status $got, expected $status and /$pattern/"
    cat "$scratch/out" "$scratch/err"
    failures=$((failures + 1))
  fi
  if [ "$status" -eq 2 ] && [ "$(wc -l <"$scratch/err")" -ne 1 ]; then
    echo "gatherfuzz corpus $*: an error is one line"
    failures=$((failures + 1))
  fi
}
check() { "$@" || { echo "failed: $*"; failures=$((failures + 1)); }; }
# json EXPRESSION: holds for the object that was printed, which is called o.
json() {
  ! command -v python3 >/dev/null ||
    check python3 -c \
      'import json, sys; o = json.load(open(sys.argv[1])); assert eval(sys.argv[2]), o' \
      "$scratch/out" "$1"
}

# --- Usage ---
expect 2 'corpus needs a verb: '
expect 2 "corpus: 'downgrade' is not a verb; " downgrade "$old"
expect 2 'corpus upgrade needs files or folders' upgrade --out new
expect 2 'corpus upgrade needs --out' upgrade "$old"
expect 2 'nowhere: no such file or folder' upgrade nowhere --out new
expect 2 'there is no version 9 of bytes; one of 1 to ' upgrade "$old" --out new --from 9
expect 2 "unknown policy 'no-such'" upgrade "$old" --out new --policy no-such
expect 2 "unknown arch 'no-such'" upgrade "$old" --out new --arch no-such
expect 2 'is the folder to write to; name another with --out' upgrade "$old" --out "$old"
: >file
expect 2 'file: cannot be made; name another folder with --out' upgrade "$old" --out file
check test ! -e new
expect 0 '^usage: gatherfuzz corpus ' --help

expect 2 'corpus stats needs files or folders' stats
expect 2 'nowhere: no such file or folder' stats nowhere
expect 2 'corpus stats takes no --out' stats "$old" --out new
expect 2 'corpus stats takes no --from' stats "$old" --from 1
expect 2 "unknown policy 'no-such'" stats "$old" --policy no-such

# --- Upgrade ---
current=$(ls "$old" | sort -n | tail -n 1)
texts=$(find "$old" -name '*.gather' | wc -l)
bytes=$(find "$old" -name '*.bytes' | wc -l)
expect 0 "^$bytes files of bytes .26 of version 1,.*, $texts texts left out, 0 skipped" \
  upgrade "$old" --out new
check grep -q 'several versions; .* --from$' err
for file in new/*; do
  check test "$(sha1sum <"$file")" = "$(basename "$file")  -"
  check test "$(head -c 1 "$file" | od -An -tu1)" -eq "$current"
done
expect 0 '' upgrade new --out again --json
json 'o["failed"] == [] and o["there"] == 0 and o["versions"] == {str(o["version"]): o["written"]}'
check diff -r new again
check test ! -s err
expect 0 '^0 written to again' upgrade new --out again
# One file of version 1 means the text that its own build showed.
for name in counted_1 random_64 seeds_walkers; do
  rm -rf one
  expect 0 '^1 files of bytes .1 of version 1.' upgrade "$old/1/$name.bytes" --out one --policy \
    full-mm --arch x86
  check "$gatherfuzz" show one/* -o shown
  check diff <(sed '/^intent/d; s/rest random/rest runs/' "$old/1/$name.gather") shown
done
# A first byte that an engine made is the current version's, unless told; members are kept.
{ printf '\x63'; tail -c +2 "$old/1/counted_1.bytes"; } >mutated
rm -rf one
expect 0 "^1 files of bytes .1 of version $current." upgrade mutated --out one
check diff <("$gatherfuzz" show mutated) <("$gatherfuzz" show one/*)
rm -rf one
expect 0 '^1 files of bytes .1 of version 1.' upgrade mutated --out one --from 1
check diff <(sed 's/rest random/rest runs/' "$old/1/counted_1.gather") <("$gatherfuzz" show one/*)
"$gatherfuzz" encode "$old/$current/random_300.bytes" -o family
rm -rf one
expect 0 '1 written' upgrade "$old/$current/random_300.bytes" --out one
check cmp family one/*

# Litter is counted; what cannot be read is named, and the rest goes on.
mkdir -p sync/main/{queue/.state,crashes,hangs}
echo 'command_line : afl-fuzz -- afl_own-range_x86' >sync/main/fuzzer_stats
echo 'How to reproduce' >sync/main/crashes/README.txt
: >sync/main/queue/.state/id:000000
cp "$old/1/counted_0.bytes" sync/main/queue/id:000000,orig:a
cp "$old/1/counted_1.bytes" sync/main/crashes/id:000000,sig:06
expect 0 '^2 files of bytes .2 of version 1., 0 texts left out, 3 skipped' upgrade sync --out \
  carried
ln -s nowhere sync/main/queue/id:000001
truncate -s 17M sync/main/queue/id:000002
expect 1 'id:000001: is a link that leads nowhere$' upgrade sync --out carried
expect 1 'id:000002: is too large for a schedule .over 16 MiB.$' upgrade sync --out carried
expect 1 '^0 written to carried, 2 there already, 2 not carried' upgrade sync --out carried
expect 1 '' upgrade sync --out carried --json
json '[f["file"][-9:] for f in o["failed"]] == ["id:000001", "id:000002"]'

# --- Stats ---
mail=$corpus/00-the-mail.gather
expect 0 '^1 files, ' stats "$mail"
check grep -q '^cpus        2: 1$' out
check grep -q '^operations  dontneed: 2$' out
check grep -q '^verdicts    stale-after-return: 1$' out  # under its own policy
check grep -q '^   .*finish_wait$' out
expect 0 '^verdicts    none: 1$' stats "$mail" --policy full-mm
expect 0 '^verdicts    deadlock: 1$' stats "$mail" --policy sync-before-dec
expect 0 '' stats "$mail" --json
json \
  'o["files"] == o["schedules"] == o["executions"] == 1 and o["violations"] == {"stale-after-return": 1}'
json '"pte_clear" in o["points_reached"] and "finish_wait" in o["points_missing"]'
json 'len(o["points_reached"]) + len(o["points_missing"]) == 46 and 0 < o["cells"] < 100'
json 'len(o["pairs_missing"]) + o["pairs"] == o["pairs_possible"] and o["versions"]["text"] == 1'
# The same cells, whatever the order, the folders and the form; others with one file more.
hash_of() { "$gatherfuzz" corpus stats "$@" --json --policy full-mm --arch x86 2>/dev/null |
  sed 's/.*"cells_hash":"\([0-9a-f]*\)".*/\1/'; }
mkdir a b
"$gatherfuzz" encode "$mail" -o a/mail
"$gatherfuzz" encode "$corpus/seeds/split.gather" -o b/split
both=$(hash_of a b)
check test "${#both}" -eq 16
check test "$both" = "$(hash_of "$corpus/seeds/split.gather" "$mail" a)"
check test "$both" != "$(hash_of a)"
# Members are run each, and a file says no version but its own.
expect 0 '' stats "$old/$current/random_300.bytes" mutated --json
json 'o["files"] == 2 and o["schedules"] > 16'
json 'o["versions"]["'"$current"'"] == o["versions"]["unknown"] == 1'
# What upgrade writes covers what there was.
rm -rf two
"$gatherfuzz" corpus upgrade "$old/$current" --out two >/dev/null
check test "$(hash_of "$old/$current")" = "$(hash_of two)"
# Litter and what cannot be read.
expect 0 '^2 files, .*; 2 unreadable, 3 skipped$' stats sync
check grep -q 'id:000002: is too large for a schedule' err
printf 'gatherfuzz 1\nnonsense\n' >bad.gather
expect 0 '^0 files, 0 bytes; 1 unreadable, 0 skipped$' stats bad.gather
check grep -q '^gatherfuzz: bad.gather:2:1: expected ' err
mkdir empty
expect 0 '^0 files, 0 bytes; 0 unreadable, 0 skipped$' stats empty
expect 0 '' stats empty --json
json 'o["cells"] == 0 and o["points_reached"] == [] and o["violations"] == {}'

[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
