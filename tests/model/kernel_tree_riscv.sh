#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# A kernel tree on riscv, which is built for it where that is asked for: with a tree that is no
# kernel's (kernel_tree/), as it is, and edited in ways that must be found.
set -uo pipefail
source=$1 gatherfuzz=$2 compiler=$3 objcopy=$4
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0
fail() { echo "$*"; cat "$scratch/out"; failures=$((failures + 1)); }
tree=$scratch/tree
flush=arch/riscv/mm/tlbflush.c header=arch/riscv/include/asm/tlb.h

fresh() { rm -rf "$tree" "$scratch/made" && cp -r "$source/tests/model/kernel_tree" "$tree"; }
# edit FILE EXPRESSION
edit() {
  cp "$tree/$1" "$scratch/before"
  sed -zEi "$2" "$tree/$1"
  ! cmp -s "$scratch/before" "$tree/$1" || fail "'$2' changes nothing"
}
# build CONFIG...
build() {
  "$source/model/linux/compile_tree" build "$tree" riscv gf_tree_riscv "$scratch/made" \
    "$compiler" "$objcopy" SMP=y MMU=y MMU_GATHER_TABLE_FREE=y "$@" >"$scratch/out" 2>&1
}
# load CONFIG...: as linux@it
load() {
  rm -f "$scratch/it.so"
  build "$@" && "$compiler" -shared -o "$scratch/it.so" "$scratch/made/tree.o" \
    >>"$scratch/out" 2>&1 || fail "does not build"
}
export GATHERFUZZ_LOAD=it=$scratch/it.so
it() { "$gatherfuzz" "$@" --policy linux@it --arch riscv >"$scratch/out" 2>&1; }
mail=$source/corpus/00-the-mail.gather
programs='cpus=2 ops=2 pages=2 walkers=1 kinds=munmap,dontneed'

for config in '' GATHERFUZZ_SBI=y GATHERFUZZ_IPI=y; do
  fresh
  load $config
  it explore --verify "$mail" || fail "${config:-as it is}: the mail"
  it explore --programs "$programs" || fail "${config:-as it is}: small programs"
  for file in "$source"/corpus/{full-mm/riscv/*,switching/wakes-blindly}.gather; do
    it run --expect none "$file" || fail "${config:-as it is}: $file"
  done
done
# Every form of the instruction was replaced, and lines stand where they did.
grep -q 'sfence\.vma' "$scratch"/made/include/{tlbflush.c,asm/tlbflush.h} && fail "assembly is left"
[ "$(wc -l <"$scratch/made/include/tlbflush.c")" -eq $(($(wc -l <"$tree/$flush") + 1)) ] ||
  fail "lines have moved"
# An edit makes the object anew.
for file in mm/mmu_gather.c $header $flush arch/riscv/include/asm/{tlbflush,pgalloc}.h; do
  grep -q "$tree/$file" "$scratch/made/tree.d" || fail "the build does not hear of $file"
done

# finds WHAT FILE EXPRESSION
finds() {
  fresh
  edit "$2" "$3"
  load
  it explore --programs "$programs"
  [ $? -eq 1 ] || fail "$1: not found"
}
finds "freed_tables ignored (z58)" $header 's/ \|\| tlb->freed_tables//'
finds "this CPU only" $flush 's/nr_cpu_ids\)/0)/'
finds "nobody waits" $flush 's/&fence, 1\)/\&fence, 0)/'
finds "another ASID" $flush 's/asid\(fence->asid\)/asid(fence->asid + 1)/'
finds "a page short" $flush 's/at < fence->end;/at + PAGE_SIZE < fence->end;/'
finds "one address for all" $flush 's/flush_pages\(mm, 0, ~0ul\)/flush_pages(mm, 0, PAGE_SIZE)/'

# Its own allocator of ASIDs, where CPUs switch; edited; and that of the model.
asids=("$source"/corpus/switching/{asids-not-flushed,flush-queued-here,reserved-once}.gather)
fresh
load
for file in "${asids[@]}"; do
  it explore --verify "$file" || fail "ASIDs: $file"
done
it explore "$source/corpus/zoo/s11.gather"
[ $? -eq 1 ] || fail "ASIDs: s11 is not found"
for file in arch/riscv/mm/context.c arch/riscv/include/asm/{mmu,mmu_context}.h; do
  grep -q "$tree/$file" "$scratch/made/tree.d" || fail "the build does not hear of $file"
done
# finds_asids WHAT EXPRESSION PROGRAM
finds_asids() {
  fresh
  edit arch/riscv/mm/context.c "$2"
  load
  it explore "$source/corpus/$3.gather"
  [ $? -eq 1 ] || fail "$1: not found"
}
finds_asids "nothing is dropped" 's/drops\) local_flush_tlb_all\(\)/drops) (void)0/' \
  switching/asids-not-flushed
finds_asids "one of those that reserve" 's/= renewed;/= renewed; break;/' switching/reserved-once
finds_asids "another ASID" 's/\| cntx2asid\(id\) <</| (cntx2asid(id) ^ 8) <</' \
  switching/asids-not-flushed
grep -q kernel-assertion "$scratch/out" || fail "an ASID that is nobody's"
finds_asids "a CPU leaves the mask" \
  's/cpumask_set_cpu\([^;]*;/&cpumask_clear_cpu(cpu, mm_cpumask(prev));/' \
  switching/asids-not-flushed
grep -q 'mm_cpumask()' "$scratch/out" || fail "a mask that is left"
load GATHERFUZZ_CONTEXT=n
it explore "${asids[0]}" || fail "the model's allocator"

# What is missing, and what is not known.
fresh
edit arch/riscv/mm/context.c 's/static unsigned long num_asids;/&\nstatic int rollovers;/'
edit arch/riscv/mm/context.c 's/cpumask_setall/++rollovers;\n  &/'
build && fail "a variable that would outlive a run builds"
grep -q "context.c has a variable that would outlive a run: rollovers" "$scratch/out" ||
  fail "a variable in context.c"
fresh
rm -r "$tree/arch/riscv/mm/context.c" "$tree"/arch/riscv/include/asm/mmu{,_context}.h
build || fail "a tree without a context.c does not build"
fresh
rm "$tree/$flush"
build && fail "a tree without a tlbflush.c builds"
grep -q "^gatherfuzz: the tree at $tree has no $flush$" "$scratch/out" || fail "no tlbflush.c"
fresh
edit $flush 's/x0, %0/x0, x0/'
build && fail "assembly that is not known builds"
grep -Eq "^gatherfuzz: .*tlbflush.c:[0-9]+:" "$scratch/out" || fail "assembly that is not known"
[ "$failures" -eq 0 ]
