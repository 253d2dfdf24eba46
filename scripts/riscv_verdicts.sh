# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# The part of scripts/verdicts that is about riscv; sourced by it.

# Two CPUs: the mail's race with a walker, on one VMA and on two; cleaned pages; access; huge pages,
# alone and beside small ones. And three CPUs, where one waits behind another.
bounds=('cpus=2 ops=2 pages=3 walkers=1 kinds=munmap,dontneed'
  'cpus=2 ops=2 pages=2 walkers=1 init=dirty kinds=dontneed,free,write'
  'cpus=2 ops=2 pages=2 vmas=2 walkers=0 kinds=munmap,dontneed,read,write'
  'cpus=2 ops=2 pages=2 walkers=0 init=dirty kinds=dontneed,write,protect,uffdwp,cleardirty,numa'
  'cpus=2 ops=2 pages=2 walkers=1 kinds=dontneed,remap,write'
  'cpus=2 ops=2 pages=6 walkers=0 huge=1 kinds=munmap,dontneed'
  'cpus=2 ops=2 pages=8 walkers=0 huge=1 at=0 kinds=munmap,dontneed'
  'cpus=3 ops=3 pages=1 walkers=0 init=dirty kinds=munmap,dontneed,protect'
  'cpus=3 ops=5 pages=1 walkers=0 init=empty kinds=dontneed')
page=docs/verdicts.md
begin='<!-- riscv verdicts -->'
out=$build/verdicts/riscv
folder=corpus/verdicts/riscv

status=0
programs=$(IFS=';' && echo "${bounds[*]}")
mkdir -p "$out"
"$build/gatherfuzz" verdicts --arch riscv --programs "$programs" --state "$out/state.json" \
  -o "$out" >&2 || status=$?
[ "$status" -le 1 ] || exit "$status"

write_section() {
  local commit
  commit=$(git rev-parse --short=12 HEAD)
  git diff --quiet HEAD -- ':!docs' ':!corpus' || commit+=' with changes'
  printf '\nWritten by `scripts/verdicts --riscv` on %s at commit %s.\n' "$(date -u +%F)" "$commit"
  awk '/^#/ { titles++; next } /^```/ { exit } titles == 1' "$out/verdicts.md" |
    sed "s#](\([a-z0-9-]*\.gather\))#](../$folder/\1)#"
}

write_into_page "$page" "$begin"
mkdir -p "$folder"
rm -f "$folder"/*.gather
cp "$out"/*.gather "$folder/"
"$build/gatherfuzz" run --check --policy all --update "$folder" || status=$?
echo "$page and $folder/ are up to date"
exit "$status"
