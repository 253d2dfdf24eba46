/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the C of a kernel tree's callers and the model say to each other. Included by both.
 *
 * The objects are those of the tree's own kbuild: mm/mprotect.o, mm/memory.o and so on. facade.c,
 * compiled with the tree's own flags and headers, is what they stand on: a mm, its VMAs, a task,
 * and the functions of the rest of the kernel that are reached. Whatever is shared goes through the
 * functions below that hooks.cc defines, and through KCSAN's hooks (access.cc).
 *
 * Memory of the kernel is a view of World (view.h): it is written anew behind each step. So nothing
 * here outlives a step but on the stack of the thread.
 *
 * Addresses are made up so that the model's four entries are among the 512 of a table: the last of
 * a table of PTEs, so that a walk which has done with them has done with the table, and the first
 * of the others. gfc_address() is where a range begins or ends.
 */
#ifndef GATHERFUZZ_MODEL_CALLERS_FACADE_H_
#define GATHERFUZZ_MODEL_CALLERS_FACADE_H_

#ifdef __cplusplus
extern "C" {
#endif

#define GFC_PAGES 64     /* kPages */
#define GFC_FRAMES 96    /* kFrames */
#define GFC_CPUS 8       /* kMaxCpus */
#define GFC_ENTRIES 4    /* kEntriesPerTable */
#define GFC_PTE_SLOT 508 /* where the entries of a table of PTEs begin */
#define GFC_ROOT_SLOT 4  /* ... and those of the root, so that its table is never freed */
#define GFC_PAGE_BYTES 4096
/* Behind the frames: page tables that are allocated and not linked yet, two for each CPU, and what
 * is above the root. */
#define GFC_SPARE_FRAMES (2 * GFC_CPUS)
#define GFC_TOP_FRAME (GFC_FRAMES + GFC_SPARE_FRAMES)
#define GFC_ALL_FRAMES (GFC_TOP_FRAME + 1)
#define GFC_MEMORY 0x100000000ul       /* where frame 0 is mapped */
#define GFC_ADDRESSES 0x280100000000ul /* the address of page 0 */

/* Of a page-table entry: Pte's, in World. */
enum {
  GFC_PRESENT = 1,
  GFC_WRITE = 2,
  GFC_ACCESSED = 4,
  GFC_DIRTY = 8,
  GFC_TABLE = 16,
  GFC_HIDDEN = 32
};

/* The pages that one entry of a table of PMDs is for begin with those that are never used. */
static inline unsigned long gfc_address(int page) {
  const unsigned long slot = (page & 3) == 0 ? 0 : GFC_PTE_SLOT + (unsigned long)(page & 3);
  return GFC_ADDRESSES + ((unsigned long)(page >> 4) << 30) +
         ((unsigned long)(page >> 2 & 3) << 21) + (slot << 12);
}

/* --- what the tree's side offers --- */

struct gfc_gather {
  unsigned long start, end;
  unsigned char fullmm, need_flush_all, freed_tables;
  unsigned char cleared_ptes, cleared_pmds, cleared_puds;
};

/* Once, before all else. */
void gfc_boot(void);
/* Entries, as the tree writes them; and back: flags, and the frame. No flags: none. */
unsigned long gfc_entry(unsigned int frame, unsigned int flags);
unsigned int gfc_flags_of(unsigned long entry, int leaf, unsigned int* frame);
/* What is in a frame that is in use: a page that is mapped once, or a page table. */
void gfc_set_page(unsigned int frame, int is_table);
/* The VMA of `cpu` that begins at `page`. */
void gfc_set_vma(unsigned int cpu, int page, int end, int writes, int none);
/* &mm->tlb_flush_pending, and where need_resched() looks. */
int* gfc_count(void);
const void* gfc_thread_flags(void);
void gfc_set_resched(int on);
/* What the lock of a page table is of: the frame; -1: of something else. */
int gfc_frame_of_lock(const void* lock);
/* Whether that is mm->mmap_lock. */
int gfc_is_mmap_lock(const void* lock);
void gfc_look(const void* tlb, struct gfc_gather* fields);
/* The line of a BUG() or WARN() at an address; 0 if there is none. */
int gfc_bug_at(unsigned long address, const char** file);

/* The calls. A range, its bytes as above. */
void gfc_madvise(unsigned long start, unsigned long bytes, int free);
void gfc_mprotect(unsigned long start, unsigned long bytes, int writes, int none);
void gfc_mremap(unsigned long start, unsigned long bytes, unsigned long to, int stays);
/* vms_clear_ptes() of VMAs that are out of the mm, of which the first is at `page`; between floor
 * and ceiling there are no others. */
void gfc_clear_ptes(int page, unsigned long start, unsigned long end, unsigned long floor,
                    unsigned long ceiling);

/* --- what the model's side offers: hooks.cc --- */

unsigned int gfc_cpu(void);
/* VMAs by their first page, -1 if there is none: the first that ends behind `address`, the last
 * that begins before it. */
int gfc_vma_behind(unsigned long address);
int gfc_vma_before(unsigned long address);
/* vma_modify_flags(): [start, end) is a VMA of its own that allows that. */
void gfc_modify_vma(unsigned long start, unsigned long end, int writes, int none);
/* copy_vma(), to an address at which nothing is. */
int gfc_is_free(unsigned long start, unsigned long end);
void gfc_copy_vma(unsigned long from, unsigned long start, unsigned long end);
/* do_vmi_munmap(), with mmap_lock held for writing to the end. */
void gfc_munmap(unsigned long start, unsigned long end);
/* up_read(), and the like: what is done with mmap_lock. */
enum gfc_lock { GFC_READ, GFC_WRITE_, GFC_DOWNGRADE, GFC_READ_UNLOCK, GFC_WRITE_UNLOCK };
void gfc_mmap_lock(enum gfc_lock what);
void gfc_table_lock(int frame);
void gfc_table_unlock(int frame);
/* tlb_gather_mmu() is about to run, and has; and so of tlb_finish_mmu(). */
void gfc_begins(void);
void gfc_gathers(const void* tlb);
void gfc_finishes(void);
void gfc_finished(void);
/* How many pages a gather holds. */
unsigned int gfc_batch(void);
/* Whether tables are being freed; room for a batch of them, or 0. */
void gfc_frees_tables(int on);
void* gfc_table_batch(void);
void gfc_flush(unsigned long start, unsigned long end, unsigned int stride_shift, int freed_tables);
void gfc_flush_batched_pending(void);
void gfc_unlink_from_rmap(unsigned long start, unsigned long end);
void gfc_grace_period(void);
/* A page, or a page table, whose last reference is gone. */
void gfc_free(unsigned int frame);
/* A page table that is not linked yet: its frame; -1 if there is none. */
int gfc_alloc_table(void);
/* What nobody has written for this: ends the process. */
void gfc_unexpected(const char* symbol);

#ifdef __cplusplus
}
#endif

#endif /* GATHERFUZZ_MODEL_CALLERS_FACADE_H_ */
