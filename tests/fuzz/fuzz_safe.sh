#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Fuzzes each policy on each architecture where it is expected to be safe, for a fixed number of
# executions from the seeds of the corpus: none may break. The same procedure must break policies
# that are not safe, or else it would prove nothing. Arguments: build folder, source, executions.
set -uo pipefail
build=$1 source=$2 runs=${3:-15000}
out=$build/fuzz_safe  # a crash stays there until the next time
rm -rf "$out"
mkdir -p "$out/seeds"
# What says nothing against a policy, as where a thread exits beside the OOM reaper (fuzz/known.h).
echo 'excused *' >"$out/known"
for file in "$source"/corpus/seeds/*.gather; do
  "$build/gatherfuzz" encode "$file" -o "$out/seeds/$(basename "$file" .gather)" || exit 1
done

# held_safe ARCH: the policies that are expected to be safe there.
held_safe() {
  "$build/gatherfuzz" policies --json | python3 -c '
import json, sys
for policy in json.load(sys.stdin)["policies"]:
    if policy["group"] == "published" and sys.argv[1] in policy["held_safe_on"]:
        print(policy["name"])' "$1"
}

# fuzz POLICY ARCH [TIMES]: says what came of it, in so many times the runs, in its folder's
# verdict: safe, broken or failed. All policies are the differential target, which takes as much
# time for each execution as they all do.
fuzz() {
  local policy=$1 arch=$2 folder=$out/$1_$2 target=any executions=$((runs * ${3:-1})) status
  if [ "$policy" = all ]; then target=differential_$arch executions=$((runs / 5)); fi
  mkdir -p "$folder/corpus"
  GATHERFUZZ_KNOWN=$out/known GATHERFUZZ_POLICY=$policy GATHERFUZZ_ARCH=$arch \
    "$build/fuzz/fuzz_$target" -seed=1 \
    -runs="$executions" -print_final_stats=1 -artifact_prefix="$folder/" "$folder/corpus" \
    "$out/seeds" >"$folder/log" 2>&1
  status=$?
  if [ $status -eq 0 ] &&
    grep -Eq "^stat::number_of_executed_units: +$executions$" "$folder/log"; then
    echo safe
  elif [ $status -eq 77 ] && [ -n "$(find "$folder" -name 'crash-*')" ]; then
    echo broken
  else
    echo "failed ($status)"
  fi >"$folder/verdict"
}
export -f fuzz
export build out runs

targets=()
for file in "$source"/model/arch/*.cc; do
  arch=$(basename "$file" .cc)
  [ "$arch" != arch ] || continue
  mapfile -t policies < <(held_safe "$arch")
  [ ${#policies[@]} -gt 0 ] || { echo "no policy is expected to be safe on $arch"; exit 1; }
  # The differential target of an architecture that runs where it is named is built likewise.
  "$build/gatherfuzz" policies --json | grep -q "\"name\":\"$arch\"[^}]*\"on_request\":true" ||
    policies+=(all)
  for policy in "${policies[@]}"; do targets+=("$policy $arch"); done
done
# Not safe: what takes some ten thousand executions to break, and no seed does.
broken=('nesting-counters x86' 'nesting-counters arm64' 'reset-range arm64')
{ printf '%s 12\n' "${broken[@]}" && printf '%s\n' "${targets[@]}"; } |
  xargs -P "$(nproc)" -L 1 bash -c 'fuzz "$@"' fuzz || exit 1

failures=0
for target in "${broken[@]}"; do
  folder=$out/${target/ /_}
  [ "$(cat "$folder/verdict")" != broken ] || continue
  echo "$target: is not safe, but this says: $(cat "$folder/verdict"); see $folder/log"
  failures=$((failures + 1))
done
for target in "${targets[@]}"; do
  read -r policy arch <<<"$target"
  folder=$out/${policy}_$arch
  case $(cat "$folder/verdict") in
    safe) continue ;;
    broken)
      grep -h '^DEDUP_TOKEN:' "$folder/log"
      echo "replay: $build/gatherfuzz run --policy $policy --arch $arch $(echo "$folder"/crash-*)" \
        ;;
    *) echo "$target: $(cat "$folder/verdict"); see $folder/log"; tail -n 3 "$folder/log" ;;
  esac
  failures=$((failures + 1))
done
[ $failures -eq 0 ] ||
  { echo "$failures of $((${#targets[@]} + ${#broken[@]})) not as they should be"; exit 1; }
rm -r "$out"
echo \
  "${#targets[@]} targets are safe for $runs executions each, or a fifth of that; ${#broken[@]} others are not"
