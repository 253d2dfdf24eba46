// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The verbs of a tree's own mm/mmu_gather.c, as a gf_tree. Compiled once for each tree and each
// architecture, by compile_tree, which defines:
//   GF_TREE           the name of the gf_tree, the only symbol that stays global
//   GF_ARCH_x86, GF_ARCH_arm64 or GF_ARCH_riscv, and the CONFIG_ options
//   GF_MMU_GATHER_C   the path of the tree's file, as a string
//   GF_TLBFLUSH_C     on riscv, its arch/riscv/mm/tlbflush.c, without assembly
//   GF_CPU_CODE       what cpu.c makes of the tree's mm/tlb.c, where there is one
//   GF_ASID_CODE      what asids.c makes of its mm/context.c, where there is one
// Versions are told apart by the types of functions, not by numbers: a function with arguments that
// are known from no version is named in an error that begins with "gatherfuzz:".
#include <gatherfuzz/shim.h>

#include <asm/tlb.h>

// The geometry of batches is the schedule's. (The file below includes asm/tlb.h to no effect.)
#undef MAX_GATHER_BATCH
#define MAX_GATHER_BATCH gf_page_batch_entries()
#undef MAX_TABLE_BATCH
#define MAX_TABLE_BATCH gf_table_batch_entries()

#include GF_MMU_GATHER_C
#ifdef GF_ARCH_riscv
#include <asm/pgalloc.h> /* the file above does, up to 6.19 */
#endif

#ifdef GF_TLBFLUSH_C
#undef GF_TABLES_OR_FENCES
#define GF_TABLES_OR_FENCES false
unsigned long asid_mask = 0xffff;
struct static_key_false use_asid_allocator = {true};
#include GF_TLBFLUSH_C
#endif
#ifdef GF_HAS_tlb_flush_all_threshold
/* To the scale of the model, whatever the tree has in its place. */
__attribute__((constructor)) static void ScaleThreshold(void) {
  tlb_flush_all_threshold = tlb_flush_all_threshold * GF_FENCE_THRESHOLD / 64;
}
#endif

struct mm_struct gf_mm = {.context = {.id = {GF_ASID}}};
struct page gf_pages[GF_FRAMES];
struct ptdesc gf_tables[GF_FRAMES];

typedef struct mmu_gather Gather;

_Static_assert(sizeof(Gather) + 16 * sizeof(void*) <= GF_GATHER_BYTES,
               "gatherfuzz: struct mmu_gather is larger than GF_GATHER_BYTES allows for");

#define SAME_TYPE(function, type) _Generic(&(function), type: 1, default: 0)

// Since 5.12; before.
typedef void (*GatherMmu)(Gather*, struct mm_struct*);
typedef void (*GatherMmuRange)(Gather*, struct mm_struct*, unsigned long, unsigned long);
_Static_assert(SAME_TYPE(tlb_gather_mmu, GatherMmu) || SAME_TYPE(tlb_gather_mmu, GatherMmuRange),
               "gatherfuzz: tlb_gather_mmu() is not (struct mmu_gather *, struct mm_struct * [, "
               "unsigned long, unsigned long])");
static void GatherMmuBy2(void* function, Gather* tlb, unsigned long start, unsigned long end) {
  ((GatherMmu)function)(tlb, &gf_mm);
}
static void GatherMmuBy4(void* function, Gather* tlb, unsigned long start, unsigned long end) {
  ((GatherMmuRange)function)(tlb, &gf_mm, start, end);
}
typedef void (*FinishMmu)(Gather*);
typedef void (*FinishMmuRange)(Gather*, unsigned long, unsigned long);
_Static_assert(SAME_TYPE(tlb_finish_mmu, FinishMmu) || SAME_TYPE(tlb_finish_mmu, FinishMmuRange),
               "gatherfuzz: tlb_finish_mmu() is not (struct mmu_gather * [, unsigned long, "
               "unsigned long])");
static void FinishMmuBy1(void* function, Gather* tlb, unsigned long start, unsigned long end) {
  ((FinishMmu)function)(tlb);
}
static void FinishMmuBy3(void* function, Gather* tlb, unsigned long start, unsigned long end) {
  ((FinishMmuRange)function)(tlb, start, end);
}

// 6.1 and before, and since 7.1; 6.2 to 6.8; 6.9 to 7.0.
typedef bool (*RemovePageSize3)(Gather*, struct page*, int);
typedef bool (*RemovePageSizeEncoded)(Gather*, struct encoded_page*, int);
typedef bool (*RemovePageSize4)(Gather*, struct page*, bool, int);
_Static_assert(SAME_TYPE(__tlb_remove_page_size, RemovePageSize3) ||
                   SAME_TYPE(__tlb_remove_page_size, RemovePageSizeEncoded) ||
                   SAME_TYPE(__tlb_remove_page_size, RemovePageSize4),
               "gatherfuzz: __tlb_remove_page_size() is not (struct mmu_gather *, struct page * or "
               "struct encoded_page *, [bool,] int)");
static bool RemovePageSizeBy3(void* function, Gather* tlb, struct page* page, int size) {
  return ((RemovePageSize3)function)(tlb, page, size);
}
static bool RemovePageSizeByEncoded(void* function, Gather* tlb, struct page* page, int size) {
  return ((RemovePageSizeEncoded)function)(tlb, encode_page(page, 0), size);
}
static bool RemovePageSizeBy4(void* function, Gather* tlb, struct page* page, int size) {
  return ((RemovePageSize4)function)(tlb, page, false, size);
}

// Since 5.12; before, the range says that the whole mm is going away. Where neither does, it begins
// as others.
static void GatherMmuFullmmBy2(void* function, Gather* tlb) {
#ifdef GF_HAS_tlb_gather_mmu_fullmm
  (void)function;
  tlb_gather_mmu_fullmm(tlb, &gf_mm);
#else
  ((GatherMmu)function)(tlb, &gf_mm);
#endif
}
static void GatherMmuFullmmBy4(void* function, Gather* tlb) {
  ((GatherMmuRange)function)(tlb, &gf_mm, 0, ~0ul);
}

// A bundle of that many pages. Whatever the tree's code does not initialize is garbage, always the
// same.
static void GatherVerb(void* room, unsigned int bundle, unsigned long start, unsigned long end) {
  Gather* tlb = room;
  __builtin_memset(tlb, 0xff, sizeof *tlb);
#ifdef GF_HAS_vma_pfn
  tlb->vma_pfn = 0; /* up to 6.18 only the first VMA sets it, and nothing reads it before */
#endif
  if (start == 0 && end == ~0ul) {
    _Generic(&tlb_gather_mmu, GatherMmu: GatherMmuFullmmBy2, GatherMmuRange: GatherMmuFullmmBy4)(
        tlb_gather_mmu, tlb);
  } else {
    _Generic(&tlb_gather_mmu, GatherMmu: GatherMmuBy2, GatherMmuRange: GatherMmuBy4)(
        tlb_gather_mmu, tlb, start, end);
  }
#ifdef MMU_GATHER_BUNDLE
  if (tlb->local.max > MMU_GATHER_BUNDLE) gf_bug("the bundle is larger than its room");
#endif
  if (tlb->local.max > bundle) tlb->local.max = bundle;
}

static void StartVma(void* tlb, unsigned long start, unsigned long end, int pfn) {
  struct vm_area_struct vma = {
      .vm_mm = &gf_mm, .vm_start = start, .vm_end = end, .vm_flags = pfn ? VM_PFNMAP : 0};
  tlb_start_vma((Gather*)tlb, &vma);
}

static void EndVma(void* tlb) {
  struct vm_area_struct vma = {.vm_mm = &gf_mm};
  tlb_end_vma((Gather*)tlb, &vma);
}

#ifdef GF_HAS_tlb_free_vmas
static void FreeVmas(void* tlb) { tlb_free_vmas((Gather*)tlb); }
#endif

// A kernel changes the size a little sooner, before it takes the lock. Only with
// CONFIG_MMU_GATHER_PAGE_SIZE does it matter.
static void RemovePte(void* room, unsigned long address) {
  Gather* tlb = room;
  tlb_change_page_size(tlb, PAGE_SIZE);
  tlb_remove_tlb_entry(tlb, (pte_t*)0, address);
}

static void RemovePmd(void* room, unsigned long address) {
  Gather* tlb = room;
  tlb_change_page_size(tlb, HPAGE_PMD_SIZE);
  tlb_remove_pmd_tlb_entry(tlb, (pmd_t*)0, address);
}

static int RemovePage(void* room, unsigned int frame, int huge) {
  Gather* tlb = room;
  const int size = huge ? HPAGE_PMD_SIZE : PAGE_SIZE;
  return _Generic(&__tlb_remove_page_size,
      RemovePageSize3: RemovePageSizeBy3,
      RemovePageSizeEncoded: RemovePageSizeByEncoded,
      RemovePageSize4: RemovePageSizeBy4)(__tlb_remove_page_size, tlb, &gf_pages[frame], size);
}

static void FreePteTable(void* room, unsigned int frame, unsigned long address) {
  Gather* tlb = room;
  pte_free_tlb(tlb, (pgtable_t)&gf_tables[frame], address);
}

static void FreePmdTable(void* room, unsigned int frame, unsigned long address) {
  Gather* tlb = room;
  pmd_free_tlb(tlb, (pmd_t*)&gf_tables[frame], address);
}

#ifdef GF_HAS_tlb_unshare_pmd_ptdesc
// Up to 6.6 a table is a page.
typedef void (*UnsharePtdesc)(Gather*, struct ptdesc*, unsigned long);
typedef void (*UnsharePage)(Gather*, struct page*, unsigned long);
_Static_assert(SAME_TYPE(tlb_unshare_pmd_ptdesc, UnsharePtdesc) ||
                   SAME_TYPE(tlb_unshare_pmd_ptdesc, UnsharePage),
               "gatherfuzz: tlb_unshare_pmd_ptdesc() is not (struct mmu_gather *, struct ptdesc * "
               "or struct page *, unsigned long)");
static void UnshareByPtdesc(void* function, Gather* tlb, int others, unsigned long address) {
  struct ptdesc table = {.pt_share_count = {others}};
  ((UnsharePtdesc)function)(tlb, &table, address);
}
static void UnshareByPage(void* function, Gather* tlb, int others, unsigned long address) {
  struct page table = {.pt_share_count = {others}};
  ((UnsharePage)function)(tlb, &table, address);
}
static void UnsharePmdTable(void* room, unsigned int others, unsigned long address) {
  _Generic(&tlb_unshare_pmd_ptdesc, UnsharePtdesc: UnshareByPtdesc, UnsharePage: UnshareByPage)(
      tlb_unshare_pmd_ptdesc, (Gather*)room, (int)others, address);
}
static void FlushUnshared(void* tlb) { tlb_flush_unshared_tables((Gather*)tlb); }
#else
// __unmap_hugepage_range() records it since 5.16, and flushes before it returns.
static void UnsharePmdTable(void* room, unsigned int others, unsigned long address) {
#ifdef GF_HAS_tlb_flush_pmd_range
  tlb_flush_pmd_range((Gather*)room, address, PUD_SIZE);
#endif
}
static void FlushUnshared(void* tlb) {
#ifdef GF_HAS_tlb_flush_pmd_range
  tlb_flush_mmu_tlbonly((Gather*)tlb);
#endif
}
#endif

static void FlushTlbOnly(void* tlb) { tlb_flush_mmu_tlbonly((Gather*)tlb); }
static void Flush(void* tlb) { tlb_flush_mmu((Gather*)tlb); }
static void Finish(void* tlb, unsigned long start, unsigned long end) {
  _Generic(&tlb_finish_mmu, FinishMmu: FinishMmuBy1, FinishMmuRange: FinishMmuBy3)(
      tlb_finish_mmu, (Gather*)tlb, start, end);
}

static void Look(const void* room, struct gf_fields* fields) {
  const Gather* tlb = room;
  *fields = (struct gf_fields){.start = tlb->start,
                               .end = tlb->end,
                               .fullmm = tlb->fullmm,
                               .need_flush_all = tlb->need_flush_all,
                               .freed_tables = tlb->freed_tables,
                               .cleared_ptes = tlb->cleared_ptes,
                               .cleared_pmds = tlb->cleared_pmds,
#ifdef GF_HAS_tlb_unshare_pmd_ptdesc
                               .unshared_tables = tlb->unshared_tables,
                               .fully_unshared_tables = tlb->fully_unshared_tables,
#endif
                               .cleared_puds = tlb->cleared_puds};
#ifdef GF_HAS_vma_pfn
  fields->vma_pfn = tlb->vma_pfn;
#endif
}

#ifdef GF_FAULTS_H
/* What page faults of arm64 do: the tree's flush_tlb_fix_spurious_fault(), and its function that
 * gives a leaf the right to write, on a leaf of no page table: the model has set its own. */
typedef unsigned long pteval_t;
#undef READ_ONCE
#define READ_ONCE(x) (x)
#define PTE_AF BIT(10)
#define PTE_WRITE BIT(51)
#define PTE_RDONLY BIT(7)
#define PTE_DIRTY BIT(55)
#define PUD_SIZE (PMD_SIZE * (PMD_SIZE / PAGE_SIZE))
#define __ptep_get(ptep) (*(ptep))
#define pte_same(a, b) (pte_val(a) == pte_val(b))
#define cmpxchg_relaxed(at, old, new)  \
  ({                                   \
    pteval_t seen_ = *(at);            \
    if (seen_ == (old)) *(at) = (new); \
    seen_;                             \
  })
#include GF_FAULTS_H

static struct vm_area_struct VmaAt(unsigned long address, int huge) {
  const unsigned long size = huge ? PMD_SIZE : PAGE_SIZE;
  return (struct vm_area_struct){.vm_mm = &gf_mm, .vm_start = address, .vm_end = address + size};
}

static void FixSpuriousFault(unsigned long address, int huge) {
  struct vm_area_struct vma = VmaAt(address, huge);
  pte_t pte = {0};
  (void)vma, (void)pte;
#ifdef flush_tlb_fix_spurious_fault_pmd
  if (huge) {
    flush_tlb_fix_spurious_fault_pmd(&vma, address, &pte);
    return;
  }
#endif
#ifdef GF_FIX_SPURIOUS_FAULT_BY_2
  flush_tlb_fix_spurious_fault(&vma, address);
#else
  flush_tlb_fix_spurious_fault(&vma, address, &pte);
#endif
}

static void SetAccessFlags(unsigned long address, int huge) {
  struct vm_area_struct vma = VmaAt(address, huge);
  pte_t pte = {PTE_AF | PTE_RDONLY}, entry = {PTE_AF | PTE_WRITE | PTE_DIRTY};
#ifdef GF_SET_ACCESS_FLAGS_ANYSZ
  GF_SET_ACCESS_FLAGS(&vma, address, &pte, entry, 1, vma.vm_end - address);
#else
  GF_SET_ACCESS_FLAGS(&vma, address, &pte, entry, 1);
#endif
}
#endif

#ifdef GF_ASID_CODE
extern const struct gf_asid_code GF_ASID_CODE;  // asids.c
#endif
#ifdef GF_CPU_CODE
extern const struct gf_cpu_code GF_CPU_CODE;  // cpu.c
#endif
extern const struct gf_tree GF_TREE;
const struct gf_tree GF_TREE = {
#ifdef GF_CPU_CODE
    .cpu_code = &GF_CPU_CODE,
#endif
#ifdef GF_ASID_CODE
    .asid_code = &GF_ASID_CODE,
#endif
    // Where a page may be followed by a number of pages, there is room for both.
    .spare_entries = GF_SPARE_ENTRIES,
#ifdef CONFIG_GATHERFUZZ_SINGLE_TLBI
    .single_tlbi = 1,
#endif
#if !defined(CONFIG_MMU_GATHER_TABLE_FREE) || defined(CONFIG_GATHERFUZZ_IPI)
    .tables_are_pages = 1,
#endif
    .gather = GatherVerb,
    .start_vma = StartVma,
    .end_vma = EndVma,
#ifdef GF_HAS_tlb_free_vmas
    .free_vmas = FreeVmas,
#endif
    .remove_pte = RemovePte,
    .remove_pmd = RemovePmd,
    .remove_page = RemovePage,
    .free_pte_table = FreePteTable,
    .free_pmd_table = FreePmdTable,
    .unshare_pmd_table = UnsharePmdTable,
    .flush_unshared = FlushUnshared,
    .flush_tlb_only = FlushTlbOnly,
    .flush = Flush,
    .finish = Finish,
    .look = Look,
#ifdef GF_FAULTS_H
    .fix_spurious_fault = FixSpuriousFault,
    .set_access_flags = SetAccessFlags,
#endif
};
