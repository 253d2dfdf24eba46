#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# From a kernel tree to a verdict, with a tree that is no kernel's (kernel_tree/): what is cut out
# of it, what is built, what the two of them do (the second one broken), and what is said of a tree
# that does not fit.
set -uo pipefail
source=$1 gatherfuzz=$2 compiler=$3 objcopy=$4
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0
fail() { echo "$*"; cat "$scratch/out"; failures=$((failures + 1)); }
compile_tree=$source/model/linux/compile_tree
tree=$scratch/tree

fresh() { rm -rf "$tree" "$scratch/made" && cp -r "$source/tests/model/kernel_tree" "$tree"; }
edit() { sed -i "$1" "$tree/$2"; }
build() { # ARCH
  "$compile_tree" build "$tree" "$1" gf_tree_it "$scratch/made" "$compiler" "$objcopy" \
    SMP=y MMU_GATHER_MERGE_VMAS=n >"$scratch/out" 2>&1
}
# says PATTERN WHAT: the last command failed, with one line that PATTERN matches.
says() {
  [ "$(wc -l <"$scratch/out")" -eq 1 ] && grep -Eq -- "^gatherfuzz: $1" "$scratch/out" ||
    fail "$2: not one line that matches /$1/"
}
expect_error() { # ARCH PATTERN WHAT
  if build "$1"; then fail "$3: it builds"; else says "$2" "$3"; fi
}

# What is built has one symbol of its own, and nothing of the tree but the helpers is copied.
for arch in x86 arm64; do
  fresh
  build "$arch" || fail "$arch: does not build"
  [ "$(nm "$scratch/made/tree.o" | awk '$2 ~ /[A-Z]/ && $2 != "U" { print $3 }')" = gf_tree_it ] ||
    fail "$arch: other global symbols"
done
grep -q 'not/for/the/shim' "$scratch/made/include/gatherfuzz/counter.h" &&
  fail "more than the helpers"
[ "$(grep -c '^static inline' "$scratch/made/include/gatherfuzz/counter.h")" -eq 4 ] ||
  fail "not four helpers"
# Older trees have them in mm_types.h.
fresh
mv "$tree/include/linux/mm_inline.h" "$tree/include/linux/mm_types.h"
: >"$tree/include/linux/mm_inline.h"
build x86 || fail "helpers in mm_types.h: does not build"
# Kernels before 5.12 hand the range over; from 6.2 to 6.8 pages came with flags in them.
range='unsigned long a, unsigned long b'
for arch in x86 arm64; do
  fresh
  for file in mm/mmu_gather.c include/asm-generic/tlb.h; do
    edit "/tlb_gather_mmu(/s/mm_struct\* mm)/mm_struct* mm, $range)/" "$file"
    edit "/tlb_finish_mmu(/s/mmu_gather\* tlb)/mmu_gather* tlb, $range)/" "$file"
  done
  build "$arch" || fail "$arch: functions that take a range: does not build"
  fresh
  for file in mm/mmu_gather.c include/asm-generic/tlb.h; do
    edit 's/struct page\* page, bool delay, int size/struct encoded_page* page, int size/' "$file"
  done
  edit 's/tlb->local.nr++\] = page;/tlb->local.nr++] = encoded_page_ptr(page);/' mm/mmu_gather.c
  build "$arch" || fail "$arch: encoded pages: does not build"
done
# CONFIG_PT_RECLAIM is as the Kconfig of the tree has it.
lone='#ifdef CONFIG_PT_RECLAIM
static void lone(struct ptdesc* t) { call_rcu(&t->pt_rcu_head, 0); }
#else
#error tables that find no batch are freed behind an IPI
#endif'
for arch in x86 arm64; do
  fresh
  echo "$lone" >>"$tree/mm/mmu_gather.c"
  [ "$arch" = x86 ] || ! build "$arch" || fail "PT_RECLAIM before 7.0 on $arch"
  echo '#ifdef CONFIG_HAVE_ARCH_TLB_REMOVE_TABLE
#endif' >>"$tree/include/asm-generic/tlb.h"
  build "$arch" || fail "$arch: without PT_RECLAIM"
done
fresh
for file in mm/mmu_gather.c include/asm-generic/tlb.h; do
  edit '/tlb_gather_mmu(/s/mm_struct\* mm)/mm_struct* mm, bool all)/' "$file"
done
expect_error x86 ".* tlb_gather_mmu\(\) is not \(struct mmu_gather \*, struct mm_struct \*" \
  "a gather with other arguments"
fresh
build x86 || fail "does not build again"
# An edit makes the object anew: the build hears of all files of the tree.
for file in mm/mmu_gather.c include/asm-generic/tlb.h include/linux/mm_inline.h \
  arch/x86/mm/tlb.c arch/x86/include/asm/tlbflush.h; do
  grep -q "$tree/$file" "$scratch/made/tree.d" || fail "the build does not hear of $file"
done

# What does not fit.
"$compile_tree" check /nowhere x86 2>"$scratch/out" && fail "no tree, no error"
says "no kernel tree at /nowhere" "no tree"
"$compile_tree" check "$0" x86 2>"$scratch/out" && fail "a file, no error"
says ".* is not a folder" "a file"
fresh
rm "$tree/include/asm-generic/tlb.h"
expect_error x86 "the tree at $tree has no include/asm-generic/tlb.h" "a missing file"
fresh
rm "$tree/arch/arm64/include/asm/tlbflush.h"
build x86 || fail "x86 asks for the header of arm64"
expect_error arm64 ".* has no arch/arm64/include/asm/tlbflush.h" "a missing header"
fresh
edit 's/dec_tlb_flush_pending(struct/lower_tlb_flush_pending(struct/' include/linux/mm_inline.h
expect_error x86 ".* has no static inline dec_tlb_flush_pending\(\)" "a missing helper"
fresh
edit 's/if (mm_tlb_flush_nested/if (mm_tlb_flush_nestled/' mm/mmu_gather.c
expect_error x86 \
  ".* does not compile for x86: $tree/mm/mmu_gather.c:[0-9]+:.*mm_tlb_flush_nestled" \
  "a misspelt name"
[ -s "$scratch/made/log" ] || fail "no log"
grep -qF "$scratch/made/log" "$scratch/out" || fail "the line does not say where the log is"
fresh
edit 's/bool delay, int size/bool delay, bool more, int size/' mm/mmu_gather.c
edit 's/bool delay, int size/bool delay, bool more, int size/' include/asm-generic/tlb.h
expect_error arm64 \
  ".* does not compile for arm64: __tlb_remove_page_size\(\) is not \(struct mmu_gather" \
  "other arguments"
fresh
edit \
  's/^void tlb_gather_mmu.*/extern void elsewhere(void);\n&/; s/  tlb->mm = mm;/  elsewhere();\n&/' \
  mm/mmu_gather.c
expect_error x86 ".* needs what the shim does not have, for x86: elsewhere" "a function elsewhere"
fresh
edit 's/vae1is/vae9is/' arch/arm64/include/asm/tlbflush.h
expect_error arm64 ".*tlbflush.h:[0-9]+:.*GF_TLBI_vae9is" "an operation that is not known"
# Of atomics that return a value there is what they order, and not the value.
fresh
edit 's/atomic_dec(/(void)atomic_dec_return_release(/' include/linux/mm_inline.h
edit 's/atomic_read(/atomic_read_acquire(/' include/linux/mm_inline.h
build arm64 || fail "orders of other atomics: does not build"
edit 's/(void)atomic_dec_return_release(\(.*\));/if (atomic_dec_return_release(\1)) {}/' \
  include/linux/mm_inline.h
expect_error arm64 ".* does not compile for arm64: $tree/include/linux/mm_inline.h:[0-9]+:.*void" \
  "an atomic whose value is used"
fresh
edit 's/__TLBI_0/__TLBI_ZERO/' arch/arm64/include/asm/tlbflush.h
expect_error arm64 ".* does not define __TLBI_0\(\) and __TLBI_1\(\)" "no operations"

# The CPU side: a tree without it builds, with the model's; one with half of it does not, nor one
# that asks for more than there is.
fresh
rm -r "$tree/arch/x86/mm"
build x86 || fail "a tree without a tlb.c does not build"
fresh
rm "$tree/arch/x86/include/asm/mmu.h"
expect_error x86 "the tree at $tree has no arch/x86/include/asm/mmu.h" "a header that tlb.c lacks"
fresh
edit 's/^static void flush_tlb_func.*/static int flushes;\n&\n  ++flushes;/' arch/x86/mm/tlb.c
expect_error x86 "$tree/arch/x86/mm/tlb.c has a variable that would outlive a run: flushes" \
  "a variable in tlb.c"
fresh
edit 's/native_write_cr3(/native_write_cr9(/' arch/x86/mm/tlb.c
expect_error x86 \
  ".* does not compile for x86: $tree/arch/x86/mm/tlb.c:[0-9]+:.*native_write_cr9" \
  "a misspelt name in tlb.c"
fresh
edit 's/u8 stride_shift/u64 more[4]; u8 stride_shift/' arch/x86/include/asm/tlbflush.h
expect_error x86 ".* struct flush_tlb_info is larger than GF_INFO_WORDS allows for" \
  "a large struct flush_tlb_info"

# The same of arm64's allocator of ASIDs.
fresh
rm -r "$tree/arch/arm64/mm"
build arm64 || fail "a tree without a context.c does not build"
fresh
rm "$tree/arch/arm64/include/asm/mmu.h"
build x86 || fail "x86 asks for what context.c needs"
expect_error arm64 "the tree at $tree has no arch/arm64/include/asm/mmu.h" \
  "a header that context.c lacks"
fresh
edit 's/^static u32 asid_bits;/static int rollovers;\n&/' arch/arm64/mm/context.c
edit 's/^  cpumask_setall(/  ++rollovers;\n&/' arch/arm64/mm/context.c
expect_error arm64 \
  "$tree/arch/arm64/mm/context.c has a variable that would outlive a run: rollovers" \
  "a variable in context.c"
fresh
edit 's/cpumask_setall(/cpumask_set_none(/' arch/arm64/mm/context.c
expect_error arm64 \
  ".* does not compile for arm64: $tree/arch/arm64/mm/context.c:[0-9]+:.*cpumask_set_none" \
  "a misspelt name in context.c"
fresh
build arm64 || fail "arm64 does not build again"
for file in arch/arm64/mm/context.c arch/arm64/include/asm/mmu.h \
  arch/arm64/include/asm/mmu_context.h arch/arm64/include/asm/pgtable.h arch/arm64/mm/fault.c; do
  grep -q "$tree/$file" "$scratch/made/tree.d" || fail "the build does not hear of $file"
done

# What page faults flush: by 2 arguments in 6.1, with a size in 7.1; a tree without it.
edit 's/(vma, address, ptep)/(vma, address)/' arch/arm64/include/asm/pgtable.h
edit 's/ptep_set_access_flags(/__ptep_set_access_flags_anysz(/' arch/arm64/mm/fault.c
edit 's/int dirty)/int dirty, unsigned long size)/' arch/arm64/mm/fault.c
build arm64 || fail "page faults of other versions: does not build"
rm "$tree/arch/arm64/mm/fault.c"
build arm64 || fail "a tree without a fault.c does not build"

# What is built runs: clean as it is, and broken where it was broken.
mail=$source/corpus/00-the-mail.gather
for arch in x86 arm64; do
  for file in "$mail" "$source"/corpus/full-mm/"$arch"/*.gather; do
    "$gatherfuzz" run --policy linux@test --arch "$arch" --expect none "$file" >"$scratch/out" \
      2>&1 ||
      fail "linux@test on $arch: $file"
  done
  "$gatherfuzz" search --policy linux@test --arch "$arch" --executions 20000 >"$scratch/out" 2>&1 ||
    fail "linux@test on $arch: broken"
  "$gatherfuzz" explore --verify --policy linux@test --arch "$arch" "$mail" >"$scratch/out" 2>&1 ||
    fail "linux@test on $arch: exploration"
  "$gatherfuzz" run --policy linux@test-broken --arch x86 --expect stale-after-return "$mail" \
    >"$scratch/out" 2>&1 || fail "linux@test-broken is not broken by the mail"
  "$gatherfuzz" explore --policy linux@test-broken --arch "$arch" "$mail" >"$scratch/out" 2>&1
  [ $? -eq 1 ] || fail "linux@test-broken on $arch: exploration finds nothing"
done

# Where CPUs switch, the tree's own CPU side runs: clean, and broken where it was broken; every
# order of it is exact.
for file in "$source"/corpus/switching/*.gather "$source/corpus/zoo/z41.gather"; do
  if grep -q '^memory tso' "$file"; then
    "$gatherfuzz" run --policy linux@test --arch x86 "$file" >"$scratch/out" 2>&1
    [ $? -eq 2 ] && grep -q "the tree's own tlb.c runs under memory sc only" "$scratch/out" ||
      fail "linux@test under tso where CPUs switch: $file"
    continue
  fi
  "$gatherfuzz" run --policy linux@test --arch x86 --expect none "$file" >"$scratch/out" 2>&1 ||
    fail "linux@test where CPUs switch: $file"
done
lazy=$source/corpus/zoo/z41.gather
wakes=$source/corpus/switching/wakes-blindly.gather
"$gatherfuzz" explore --verify --policy linux@test --arch x86 "$wakes" >"$scratch/out" 2>&1 ||
  fail "linux@test where CPUs switch: exploration"
"$gatherfuzz" run --policy linux@test-lazy --arch x86 --expect freed-table-cached "$lazy" \
  >"$scratch/out" 2>&1 || fail "linux@test-lazy does not leave lazy CPUs alone"
"$gatherfuzz" run --policy linux@test-lazy --arch x86 --expect kernel-assertion "$wakes" \
  >"$scratch/out" 2>&1 || fail "linux@test-lazy asserts nothing"
grep -q 'An assertion of the kernel does not hold: WARN_ON(was_lazy)' "$scratch/out" ||
  fail "the report does not have the assertion"
"$gatherfuzz" run --policy linux@test-lazy --arch arm64 --expect none "$lazy" >"$scratch/out" \
  2>&1 ||
  fail "linux@test-lazy on arm64 has a tlb.c"

# Where ASIDs are allocated, the tree's own allocator runs, in the same way.
for file in "$source"/corpus/switching/*.gather "$source/corpus/zoo/z45.gather"; do
  "$gatherfuzz" run --policy linux@test --arch arm64 --expect none "$file" >"$scratch/out" 2>&1 ||
    fail "linux@test where ASIDs are allocated: $file"
done
rolls=$source/corpus/switching/flush-queued-here.gather
"$gatherfuzz" explore --verify --policy linux@test --arch arm64 "$rolls" >"$scratch/out" 2>&1 ||
  fail "linux@test where ASIDs are allocated: exploration"
kept=$source/corpus/switching/flush-not-queued.gather
"$gatherfuzz" run --policy linux@test-lazy --arch arm64 --expect asid-reused "$kept" \
  >"$scratch/out" 2>&1 || fail "linux@test-lazy drops what is cached"

# What page faults of arm64 flush is the tree's, and a TLBI of one CPU is of that CPU alone; what is
# unmapped of PFN maps is flushed as the tree says.
faults=$source/corpus/full-mm/arm64/faults-on-its-own-entry.gather
pfn=$source/corpus/zoo/z20.gather
"$gatherfuzz" explore --verify --policy linux@test "$faults" >"$scratch/out" 2>&1 ||
  fail "linux@test: page faults"
"$gatherfuzz" run --trace --policy linux@test "$faults" >"$scratch/out" 2>&1
[ "$(grep -c 'tlbi_local(0)' "$scratch/out")" -eq 2 ] || fail "linux@test: not two local TLBI"
"$gatherfuzz" run --policy linux@test-less --expect endless-fault "$faults" >"$scratch/out" 2>&1 ||
  fail "linux@test-less: a page fault without a DSB"
"$gatherfuzz" explore --policy linux@test-less --arch arm64 "$mail" >"$scratch/out" 2>&1
[ $? -eq 1 ] || fail "linux@test-less: exploration finds nothing of its local TLBI"
"$gatherfuzz" explore --verify --policy linux@test --arch x86 "$pfn" >"$scratch/out" 2>&1 ||
  fail "linux@test: PFN maps"
"$gatherfuzz" run --policy linux@test-less --arch x86 --expect freed-page-cached "$pfn" \
  >"$scratch/out" 2>&1 || fail "linux@test-less: PFN maps"

# A busy wait in a tree compiles, and is a livelock where two of them wait for each other.
for arch in x86 arm64; do
  "$gatherfuzz" run --policy linux@test-spins --arch "$arch" --expect livelock \
    "$source/corpus/sync-before-dec/x86/two-finishers.gather" >"$scratch/out" 2>&1 ||
    fail "linux@test-spins on $arch: no livelock"
done

# Under weaker memory, orders are those of the tree's own call sites: as full-mm it is broken by a
# look without a lock, alone; by which orders that closes; and every order is exact.
huge=$source/corpus/memory/huge-look.gather
weak() { # POLICY COMMAND ARGUMENT...
  local policy=$1
  shift
  "$gatherfuzz" "$@" --policy "$policy" --arch arm64 >"$scratch/out" 2>&1
}
for memory in tso weak; do
  weak linux@test explore --verify --memory "$memory" "$mail" || fail "linux@test: memory $memory"
done
weak linux@test run --expect stale-after-return "$huge" || fail "linux@test: a look without a lock"
weak linux@test-ordered run --expect none "$huge" || fail "linux@test-ordered: its barriers"
weak linux@test-ordered explore --verify "$huge" || fail "linux@test-ordered: every order"
# answers POLICY: the row of ablation, without its name and counts of steps.
answers() {
  weak "$1" ablate --markdown
  sed -E '1,2d; s/^\| [^|]*\|//; s/, [0-9]+ steps//g' "$scratch/out"
}
[ "$(answers linux@test)" = "$(answers full-mm)" ] || fail "ablation: linux@test is not as full-mm"
weak linux@test-ordered ablate --markdown
for order in 'pending_inc` full' 'pending_read` acquire'; do
  grep -Eq "^\| .linux@test-ordered. \| arm64 \|  \|  \| .*$order: stale-after-return" \
    "$scratch/out" || fail "ablation: linux@test-ordered: no $order"
done
for line in 'broken as it is: freed-page-cached (walkers, ' 'closed by: {tlb_flush DSB ISH}'; do
  weak linux@test-no-dsb ablate
  grep -qF "$line" "$scratch/out" || fail "ablation: linux@test-no-dsb: no '$line'"
done
# A DSB between two TLBI makes two steps of them, of which the first orders nothing.
weak linux@test-dsb-behind ablate
grep -q 'broken as it is: freed-page-cached (walkers, ' "$scratch/out" ||
  fail "linux@test-dsb-behind: its first TLBI is ordered"
weak linux@test-dsb-behind explore "$mail" || fail "linux@test-dsb-behind: memory sc"

# With GATHERFUZZ_SINGLE_TLBI every TLBI is a step: one more than as the tree is, in the mail.
fresh
"$compile_tree" build "$tree" arm64 gf_tree_arm64 "$scratch/made" "$compiler" "$objcopy" SMP=y \
  MMU_GATHER_MERGE_VMAS=n GATHERFUZZ_SINGLE_TLBI=y >"$scratch/out" 2>&1 &&
  "$compiler" -shared -o "$scratch/single.so" "$scratch/made/tree.o" >>"$scratch/out" 2>&1 ||
  fail "GATHERFUZZ_SINGLE_TLBI does not build"
export GATHERFUZZ_LOAD=single=$scratch/single.so
flushes() {
  weak "$1" run --trace "$mail"
  grep -c ' tlb_flush(' "$scratch/out"
}
[ "$(flushes linux@single)" -eq $(($(flushes linux@test) + 1)) ] ||
  fail "GATHERFUZZ_SINGLE_TLBI: not one flush more"
weak linux@single explore --verify "$mail" || fail "GATHERFUZZ_SINGLE_TLBI: every order"
unset GATHERFUZZ_LOAD

# The replay of the corpus holds trees to it as it does policies, but writes nothing of them.
cp -r "$source/corpus" "$scratch/corpus"
"$gatherfuzz" run --check --policy all --update "$scratch/corpus" >"$scratch/out" 2>&1
[ $? -eq 1 ] || fail "the replay does not see that linux@test-broken is"
grep -q '00-the-mail.gather: expected none, got stale-after-return (linux@test-broken, x86)$' \
  "$scratch/out" || fail "the replay does not say what linux@test-broken does"
! grep -q '(linux@test, ' "$scratch/out" || fail "linux@test is not as expected"
diff -r "$source/corpus" "$scratch/corpus" >"$scratch/out" || fail "--update wrote of a tree"
[ "$failures" -eq 0 ]
