#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# What a fuzz target says when it finds a violation, and that it says nothing when it does not.
set -uo pipefail
build=$1 source=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "$*"; cat "$scratch/log"; exit 1; }

for race in own-range/x86/mail-race reset-range/arm64/table-race \
  sync-before-dec/x86/two-finishers; do
  policy=${race%%/*} arch=${race#*/}
  arch=${arch%/*}
  file=$source/corpus/$race.gather
  kind=$(sed -n '/^expect [a-z-]* under /d; s/^expect //p' "$file")
  "$build/gatherfuzz" encode "$file" -o "$scratch/input" || fail "cannot encode $file"
  "$build/fuzz/fuzz_${policy}_$arch" "$scratch/input" >"$scratch/log" 2>&1
  [ $? -eq 77 ] || fail "$race: libFuzzer did not see a crash"
  grep -q "^DEDUP_TOKEN: $kind-$policy-$arch" "$scratch/log" || fail "$race: no DEDUP_TOKEN"
  grep -Eq "^[^ ]+: [^ ]+:[0-9]+: [^ ]+: Assertion \`.*FuzzerHash=[A-Za-z0-9_.+-]+' failed\.$" \
    "$scratch/log" || fail "$race: no assertion line"
  function=$(sed -E 's/(^|-)([a-z])/\U\2/g' <<<"$kind")
  grep -q "Violation$function" "$scratch/log" || fail "$race: did not abort in Violation$function"
  "$build/fuzz/fuzz_full-mm_$arch" "$scratch/input" >"$scratch/log" 2>&1 ||
    fail "$race: full-mm is broken by it"
done

# libFuzzer's own minimizer works on the files. It stops where it comes to another bug.
"$build/gatherfuzz" encode "$source/corpus/reset-range/arm64/table-race.gather" -o "$scratch/input"
"$build/fuzz/fuzz_reset-range_arm64" -minimize_crash=1 -runs=300 -seed=1 \
  -exact_artifact_path="$scratch/smaller" "$scratch/input" >"$scratch/log" 2>&1 ||
  fail "-minimize_crash failed"
[ "$(wc -c <"$scratch/smaller")" -lt "$(wc -c <"$scratch/input")" ] ||
  fail "-minimize_crash left it as it was"
"$build/gatherfuzz" run --expect freed-table-cached --policy reset-range --arch arm64 \
  "$scratch/smaller" \
  >"$scratch/log" 2>&1 || fail "-minimize_crash lost the violation"

"$build/fuzz/fuzz_outside-policy_x86" -seed=1 -runs=100000 -artifact_prefix="$scratch/" \
  >"$scratch/log" 2>&1 && fail "outside-policy was not broken"
grep -q '^DEDUP_TOKEN: .*-outside-policy-x86' "$scratch/log" || fail "outside-policy: no token"

# A target that is told what to test does the same, and says so when it is not told.
"$build/gatherfuzz" encode "$source/corpus/own-range/x86/mail-race.gather" -o "$scratch/input"
"$build/fuzz/fuzz_any" "$scratch/input" >"$scratch/log" 2>&1
[ $? -eq 2 ] && grep -q 'GATHERFUZZ_POLICY is not set.* own-range' "$scratch/log" ||
  fail "fuzz_any did not ask for its policy"
GATHERFUZZ_POLICY=own-range GATHERFUZZ_ARCH=vax "$build/fuzz/fuzz_any" "$scratch/input" \
  >"$scratch/log" 2>&1
[ $? -eq 2 ] && grep -q "GATHERFUZZ_ARCH is 'vax'.* x86" "$scratch/log" ||
  fail "fuzz_any took an unknown architecture"
GATHERFUZZ_POLICY=own-range GATHERFUZZ_ARCH=x86 "$build/fuzz/fuzz_any" "$scratch/input" \
  >"$scratch/log" 2>&1
[ $? -eq 77 ] && grep -q '^DEDUP_TOKEN: stale-after-return-own-range-x86' "$scratch/log" ||
  fail "fuzz_any missed the race"

# The file alone says which member of its family it was: gatherfuzz sees the same one first.
# same_member POLICY ARCH SEED: of what libFuzzer finds with our mutator; sets `member`.
same_member() {
  local members signature field
  member=0
  rm -f "$scratch"/crash-*
  GATHERFUZZ_POLICY=$1 GATHERFUZZ_ARCH=$2 "$build/fuzz/fuzz_any" -seed="$3" -runs=100000 \
    -artifact_prefix="$scratch/" >"$scratch/log" 2>&1
  [ $? -eq 77 ] || return
  read -r member members < <(sed -n \
    "s/^gatherfuzz: member \([0-9]*\) of \([0-9]*\) of this input's family$/\1 \2/p" "$scratch/log")
  signature=$(sed -n 's/^DEDUP_TOKEN: //p' "$scratch/log")
  signature=${signature/-$1-$2/}
  "$build/gatherfuzz" run --json --policy "$1" --arch "$2" "$scratch"/crash-* >"$scratch/json"
  for field in "\"member\":$member,\"members\":$members,\"verdict\":\"${signature%%+*}\"" \
    "\"signature\":\"$signature\""; do
    grep -qF "$field" "$scratch/json" || fail "$*: $(cat "$scratch/json"), not $field"
  done
}
# libFuzzer begins with no bytes at all, which are a family of 16; several of it break own-range.
same_member own-range x86 1
[ -n "$(find "$scratch" -name 'crash-*')" ] || fail "own-range was not broken"
member=0 seed=0
while [ "$member" -eq 0 ]; do
  seed=$((seed + 1))
  [ $seed -le 20 ] || fail "no crash of 20 was of a later member"
  same_member nesting-counters x86 $seed
done

# Policies that are expected to be safe agree on the whole corpus, and on some thousand inputs more.
mkdir "$scratch/corpus"
files=0
while read -r file; do
  files=$((files + 1))
  "$build/gatherfuzz" encode "$file" -o "$scratch/corpus/$files" || fail "cannot encode $file"
done < <(find "$source/corpus" -name '*.gather')
for arch in "$source"/model/arch/*.cc; do
  arch=$(basename "$arch" .cc)
  [ "$arch" != arch ] || continue
  target=$build/fuzz/fuzz_differential_$arch
  # That of an architecture that runs where it is named is built where it is named.
  ! "$build/gatherfuzz" policies --json | grep -q "\"name\":\"$arch\"[^}]*\"on_request\":true" ||
    continue
  "$target" "$scratch"/corpus/* >"$scratch/log" 2>&1 || fail "$arch: policies differ on the corpus"
  [ "$(grep -c '^Executed ' "$scratch/log")" -eq $files ] ||
    fail "$arch: it did not run $files files"
  "$target" -seed=1 -runs=3000 -artifact_prefix="$scratch/" >"$scratch/log" 2>&1 ||
    fail "$arch: policies differ"
done
echo "fuzz targets report what they find"
