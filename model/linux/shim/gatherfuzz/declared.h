/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Declared: names, types and constants that mean here what they mean in a kernel, as far as the
 * protocol can tell. Structures have the members that it touches and no others.
 */
#ifndef GATHERFUZZ_SHIM_DECLARED_H_
#define GATHERFUZZ_SHIM_DECLARED_H_

#include <stdbool.h>
#include <stddef.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef unsigned int gfp_t;
typedef unsigned long vm_flags_t;

typedef struct {
  int counter;
} atomic_t;
typedef struct {
  long counter;
} atomic64_t;
typedef struct {
  unsigned long pte;
} pte_t;
typedef struct {
  unsigned long pmd;
} pmd_t;
typedef struct {
  unsigned long pud;
} pud_t;
typedef struct {
  unsigned long p4d;
} p4d_t;
typedef struct {
  unsigned long pgd;
} pgd_t;

/* A page and a page table look alike; only their address is told apart. Two low bits of a pointer
 * are free for flags. */
struct page {
  unsigned long flags;
  atomic_t pt_share_count;
};
struct rcu_head {
  struct rcu_head* next;
  void (*func)(struct rcu_head* head);
};
struct ptdesc {
  unsigned long flags;
  atomic_t pt_share_count;
  struct rcu_head pt_rcu_head;
};
struct folio {
  struct page page;
};
typedef struct page* pgtable_t;
typedef u64 ptdesc_t; /* an entry, as a number (arm64, since 6.15) */
#define pte_val(entry) ((entry).pte)
#define pmd_val(entry) ((entry).pmd)
#define PTE_VALID 1ul
#define PTE_SWBITS_MASK (BIT(63) | GENMASK(58, 55))

struct mm_struct {
  atomic_t tlb_flush_pending;
  struct {
    atomic64_t id;
  } context;
};
struct vm_area_struct {
  unsigned long vm_start, vm_end;
  struct mm_struct* vm_mm;
  vm_flags_t vm_flags;
};
struct hstate;
struct mmu_gather; /* before any prototype that names it */
#ifndef GF_ARCH_riscv
struct arch_tlbflush_unmap_batch {
  int unused;
};
#endif

#define __always_inline inline __attribute__((__always_inline__))
#define __maybe_unused __attribute__((__unused__))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define container_of(ptr, type, member) ((type*)((char*)(ptr) - offsetof(type, member)))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x)*)&(x) = (value))
#define min(a, b)              \
  ({                           \
    __typeof__(a) gf_a = (a);  \
    __typeof__(b) gf_b = (b);  \
    gf_a < gf_b ? gf_a : gf_b; \
  })
#define max(a, b)              \
  ({                           \
    __typeof__(a) gf_a = (a);  \
    __typeof__(b) gf_b = (b);  \
    gf_a > gf_b ? gf_a : gf_b; \
  })
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define BIT(n) (1ul << (n))
#define __bitwise
#define __force
#define FIELD_MODIFY(mask, word, value) \
  (*(word) = (*(word) & ~(__typeof__(*(word)))(mask)) | FIELD_PREP(mask, value))
#define IS_ALIGNED(x, size) (((x) & ((__typeof__(x))(size) - 1)) == 0)
#define GENMASK_ULL(high, low) (~0ul >> (63 - (high)) & ~0ul << (low))
#define GENMASK(high, low) GENMASK_ULL(high, low)
#define FIELD_PREP(mask, value) ((u64)(value) << __builtin_ctzl(mask) & (mask))
#define FIELD_GET(mask, word) (((u64)(word) & (mask)) >> __builtin_ctzl(mask))
#define round_down(x, size) ((x) & ~((__typeof__(x))(size) - 1))
#define round_up(x, size) round_down((x) + (size) - 1, size)
#define ALIGN(x, size) round_up(x, size)
#define ALIGN_DOWN(x, size) round_down(x, size)
#define EXPORT_SYMBOL(name)
#define EXPORT_SYMBOL_GPL(name)

#define INT_MAX 0x7fffffff
#define GFP_NOWAIT 1u
#define __GFP_NOWARN 2u
#define VM_EXEC 0x4ul
#define VM_PFNMAP 0x400ul
#define VM_HUGETLB 0x400000ul
#define VM_MIXEDMAP 0x10000000ul
#define SZ_4K 0x1000
#define SZ_16K 0x4000
#define SZ_64K 0x10000
#define CONT_PTES 16
#define CONT_PTE_SIZE (CONT_PTES * PAGE_SIZE)
#define USER_ASID_FLAG (1ul << 48)
#define TLB_FLUSH_ALL (~0ul)
#define TLB_FLUSH_VMA(mm, flags) {.vm_mm = (mm), .vm_flags = (flags)}
#define ASID(mm) ((unsigned long)(mm)->context.id.counter & 0xffff)

static inline bool is_vm_hugetlb_page(const struct vm_area_struct* vma) {
  return vma->vm_flags & VM_HUGETLB;
}

/* Pages in a batch carry flags in their low bits (since 6.2); one that says so is followed by a
 * number of pages (since 6.9). */
struct encoded_page;
#define ENCODED_PAGE_BITS 3ul
#define ENCODED_PAGE_BIT_DELAY_RMAP 1ul
#define ENCODED_PAGE_BIT_NR_PAGES_NEXT 2ul
static inline struct encoded_page* encode_page(struct page* page, unsigned long flags) {
  return (struct encoded_page*)((unsigned long)page | flags);
}
static inline unsigned long encoded_page_flags(struct encoded_page* entry) {
  return (unsigned long)entry & ENCODED_PAGE_BITS;
}
static inline struct page* encoded_page_ptr(struct encoded_page* entry) {
  return (struct page*)((unsigned long)entry & ~ENCODED_PAGE_BITS);
}
static inline struct encoded_page* encode_nr_pages(unsigned long count) {
  return (struct encoded_page*)(count << 2);
}
static inline unsigned long encoded_nr_pages(struct encoded_page* entry) {
  return (unsigned long)entry >> 2;
}

static inline struct folio* page_folio(struct page* page) { return (struct folio*)page; }
static inline struct ptdesc* page_ptdesc(struct page* page) { return (struct ptdesc*)page; }
static inline struct page* ptdesc_page(struct ptdesc* table) { return (struct page*)table; }
/* A table's entries and its descriptor have one address. */
static inline struct page* virt_to_page(const void* table) { return (struct page*)table; }
static inline struct ptdesc* virt_to_ptdesc(const void* table) { return (struct ptdesc*)table; }

#endif
