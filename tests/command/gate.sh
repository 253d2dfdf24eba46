#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# The gate: search must find each known defect within as many executions as its measured
# probability asks for (tests/command/gate.txt), so that a sound build fails by chance less than
# once in a million times. A strategy that lost its power, an oracle that sees less, or programs
# that nothing happens in, show here. Then what it must not find: nothing in the safe policies
# with the same search.
#   gate.sh GATHERFUZZ SOURCE
set -uo pipefail
gatherfuzz=$1
cd "$2" || exit 1
table=$(grep -v '^#' tests/command/gate.txt)
lines=$(wc -l <<<"$table")
failures=0
fail() {
  echo "$*"
  failures=$((failures + 1))
}

while read -r policy arch strategy file probability; do
  # The chance to miss in all of them is 10^-6 over the whole table.
  executions=$(awk -v p="$probability" -v lines="$lines" 'BEGIN {
    n = log(1e-6 / lines) / log(1 - p); print int(n) + 1 }')
  [ "$file" = - ] && file=()
  "$gatherfuzz" search --policy "$policy" --arch "$arch" --strategy "$strategy" --seed 1 \
    --executions "$executions" --json "${file[@]}" >/dev/null </dev/null
  status=$?
  [ $status -eq 1 ] ||
    fail \
      "$policy on $arch: $strategy found nothing in $executions executions ${file[*]} (exit $status)"
done <<<"$table"

# Each defect that has a schedule is in the table, on every architecture there is.
mapfile -t archs < <("$gatherfuzz" policies |
  awk '/^[a-z]/ { here = /^architectures:/; next } here { print $1 }')
[ ${#archs[@]} -gt 0 ] || fail "gatherfuzz policies lists no architecture"
for arch in "${archs[@]}"; do
  grep -q "^[^ ]* $arch " <<<"$table" ||
    fail "$arch is not in tests/command/gate.txt; run scripts/gate"
  while read -r folder; do
    grep -LE '^expect none *(#|$)' "$folder"/*.gather | grep -q . || continue
    name="$(basename "$(dirname "$folder")") $arch"
    grep -q "^$name " <<<"$table" || fail "$name is not in tests/command/gate.txt; run scripts/gate"
  done < <(find corpus -mindepth 2 -type d -name "$arch")
done

for arch in "${archs[@]}"; do
  for policy in full-mm force-levels epoch-sync overlap-list; do
    for strategy in pct landmark; do
      "$gatherfuzz" search --policy "$policy" --arch "$arch" --strategy "$strategy" --seed 1 \
        --executions 5000 >/dev/null || fail "$policy on $arch is not clean under $strategy"
    done
  done
done

[ $failures -eq 0 ] || { echo "$failures failures"; exit 1; }
echo "$lines defects found, each within its bound"
