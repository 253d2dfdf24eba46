# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# The part of scripts/verdicts that is about weaker memory; sourced by it.

# Two CPUs: the mail's race with a walker; cleaned pages; a huge page that two calls drop.
bounds=('cpus=2 ops=2 pages=2 walkers=1 kinds=munmap,dontneed'
  'cpus=2 ops=2 pages=2 walkers=1 init=dirty kinds=dontneed,free,write'
  'cpus=2 ops=2 pages=6 walkers=0 huge=1 kinds=dontneed')
page=docs/verdicts.md
begin='<!-- memory verdicts -->'

# explore_under MEMORY ARCH: all policies over the bounds, into a folder of its own.
explore_under() {
  local out=$build/verdicts/$1-$2 programs='' part status=0
  for part in "${bounds[@]}"; do programs+="$part memory=$1;"; done
  mkdir -p "$out"
  "$build/gatherfuzz" verdicts --arch "$2" --programs "${programs%;}" --state "$out/state.json" \
    -o "$out" >&2 || status=$?
  [ "$status" -le 1 ] || exit "$status"
}

# rows MEMORY ARCH: "POLICY VERDICT PROGRAMS STATES" of each, without links.
rows() {
  awk -F ' *[|] *' '/^[|] / && $4 != "arch" && $4 != "---" {
    verdict = $5
    sub(/^[[]/, "", verdict); sub(/[]].*/, "", verdict)
    print $3, verdict, $8, $9 $10 }' "$build/verdicts/$1-$2/verdicts.md" | grep -v '^---'
}

# folder MEMORY ARCH: what the files of its counterexamples end in.
folder() { [ "$1" = late ] && echo "$2-late" || echo "$2"; }

# cell VERDICT POLICY END: with the file of its counterexample, if there is one.
cell() {
  if [ -e "corpus/memory/$2-$3.gather" ]; then
    echo "[$1](../corpus/memory/$2-$3.gather)"
  else
    echo "$1"
  fi
}

# of POLICY FIELD: of standard input.
of() { awk -v policy="$1" -v field="$2" '$1 == policy { print $field }'; }

table() {
  local policy strong weak
  printf '| policy | arm64, `sc` | arm64, `weak` | arm64, `late` | x86, `sc` | x86, `tso` |\n'
  printf '|---|---|---|---|---|---|\n'
  while read -r policy _; do
    printf '| `%s` ' "$policy"
    for pair in 'sc weak arm64' 'late late arm64' 'sc tso x86'; do
      read -r strong weak arch <<<"$pair"
      [ "$strong" = "$weak" ] ||
        printf '| %s ' "$(rows "$strong" "$arch" | of "$policy" 2)"
      printf '| %s ' "$(cell "$(rows "$weak" "$arch" | of "$policy" 2)" "$policy" \
        "$(folder "$weak" "$arch")")"
    done
    printf '|\n'
  done < <(rows weak arm64)
}

# litmus_tests STRONGER WEAKER: what is safe under the one and not under the other: the loads and
# stores of its counterexample.
litmus_tests() {
  local policy verdict file
  while read -r policy verdict _; do
    [ "$verdict" != safe ] && [ "$(rows "$1" arm64 | of "$policy" 2)" = safe ] || continue
    file=corpus/memory/$policy-$(folder "$2" arm64).gather
    printf '\n`%s` under `%s`, by memory alone:\n\n```sh\n' "$policy" "$2"
    printf '$ build/gatherfuzz export --litmus %s\n' "$file"
    "$build/gatherfuzz" export --litmus "$file"
    printf '```\n'
  done < <(rows "$2" arm64)
}

write_section() {
  local commit
  commit=$(git rev-parse --short=12 HEAD)
  git diff --quiet HEAD -- ':!docs' ':!corpus' || commit+=' with changes'
  cat <<SECTION

Written by \`scripts/verdicts --memory\` on $(date -u +%F) at commit $commit.

Every order, and every value that a load may take, of every program within these bounds:

$(printf -- '- %s\n' "${bounds[@]}")

SECTION
  table
  litmus_tests sc weak
  litmus_tests weak late
}

for pair in 'sc arm64' 'weak arm64' 'late arm64' 'sc x86' 'tso x86'; do
  read -r model arch <<<"$pair"
  explore_under "$model" "$arch"
done
for of_arch in weak-arm64 tso-x86; do
  rm -f corpus/memory/*-"${of_arch#*-}".gather
  cp "$build/verdicts/$of_arch"/*.gather corpus/memory/ 2>/dev/null || true
done
# Under `late` only what `weak` calls safe is new.
rm -f corpus/memory/*-arm64-late.gather
while read -r policy verdict _; do
  [ "$verdict" != safe ] && [ "$(rows weak arm64 | of "$policy" 2)" = safe ] || continue
  cp "$build/verdicts/late-arm64/$policy-arm64.gather" "corpus/memory/$policy-arm64-late.gather"
done < <(rows late arm64)
"$build/gatherfuzz" run --check --policy all --update corpus/memory || true
write_into_page "$page" "$begin"
echo "$page and corpus/memory/ are up to date"
