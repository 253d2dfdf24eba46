# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# The part of scripts/verdicts that is about kernel versions; sourced by it.

# Two CPUs: the mail's race with a walker; cleaned pages; two VMAs, and faults in them; access; page
# tables that MADV_DONTNEED frees; huge pages. And three, where one waits behind another.
bounds=('cpus=2 ops=2 pages=2 walkers=1 kinds=munmap,dontneed'
  'cpus=2 ops=2 pages=2 walkers=1 init=dirty kinds=dontneed,free,write'
  'cpus=2 ops=2 pages=2 vmas=2 walkers=0 kinds=munmap,dontneed,read,write'
  'cpus=2 ops=2 pages=2 walkers=0 init=dirty kinds=dontneed,write,protect,uffdwp,cleardirty,numa'
  'cpus=2 ops=2 pages=4 at=0 walkers=1 kinds=dontneed'
  'cpus=2 ops=2 pages=4 huge=1 at=0 walkers=0 kinds=munmap,dontneed,write,protect'
  'cpus=3 ops=3 pages=1 walkers=0 init=dirty kinds=munmap,dontneed,protect')
kernels=(6.1 6.12 6.12+vma 6.17 6.17+vma 7.1 7.1+vma)
page=docs/verdicts.md
begin='<!-- kernel verdicts -->'

# explore_in KERNEL: all policies on all architectures, into a folder of its own.
explore_in() {
  local out=$build/verdicts/kernel-$1 programs='' part status=0
  for part in "${bounds[@]}"; do programs+="$part kernel=$1;"; done
  mkdir -p "$out"
  "$build/gatherfuzz" verdicts --programs "${programs%;}" --state "$out/state.json" -o "$out" >&2 ||
    status=$?
  [ "$status" -le 1 ] || exit "$status"
}

# rows KERNEL: "POLICY ARCH VERDICT" of each, without links.
rows() {
  awk -F ' *[|] *' '/^[|] / && $4 != "arch" && $4 !~ /^-/ {
    verdict = $5
    sub(/^[[]/, "", verdict); sub(/[]].*/, "", verdict)
    print $3, $4, verdict }' "$build/verdicts/kernel-$1/verdicts.md"
}

table() {
  local kernel policy arch
  printf '| policy | arch |'
  printf ' %s |' "${kernels[@]}"
  printf '\n|---|---|'
  printf -- '---|%.0s' "${kernels[@]}"
  printf '\n'
  while read -r policy arch _; do
    printf '| `%s` | %s |' "$policy" "$arch"
    for kernel in "${kernels[@]}"; do
      printf ' %s |' "$(rows "$kernel" | awk -v p="$policy" -v a="$arch" '
        $1 == p && $2 == a { print $3 }')"
    done
    printf '\n'
  done < <(rows 6.12)
}

write_section() {
  local commit
  commit=$(git rev-parse --short=12 HEAD)
  git diff --quiet HEAD -- ':!docs' ':!corpus' || commit+=' with changes'
  cat <<SECTION

Written by \`scripts/verdicts --kernels\` on $(date -u +%F) at commit $commit.

Every order of every program within these bounds, in each kernel version:

$(printf -- '- %s\n' "${bounds[@]}")

SECTION
  table
  echo
}

for kernel in "${kernels[@]}"; do explore_in "$kernel"; done
write_into_page "$page" "$begin"
echo "$page is up to date"
