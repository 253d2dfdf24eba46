// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The kernel that the callers of a tree stand on: see facade.h. Compiled with the tree's own headers
// and flags, but without KCSAN, since what is in here is none of the code under test.
//
// Functions with names of the kernel's are in place of the kernel's own, in three sorts: hooks, that
// hand over to the model; what does nothing here (accounting, rmap, RCU); and constants. A function
// that none of these is aborts with its name (link_callers).
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mman.h>
#include <linux/pagewalk.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/swap.h>
#include <linux/syscalls.h>
#include <asm/tlb.h>

#include "internal.h"

#include "facade.h"

// --- constants ---

unsigned long page_offset_base, phys_base;
unsigned int pgdir_shift = 39, ptrs_per_p4d = 1;
pteval_t __supported_pte_mask = ~0ul, __default_kernel_pte_mask = ~0ul;
struct cpuinfo_x86 boot_cpu_data;
s32 percpu_counter_batch = 32;
int sysctl_max_map_count = 65530;
struct pcpu_hot pcpu_hot;

static struct page pages[GFC_ALL_FRAMES];
unsigned long vmemmap_base;

static union {
  struct mm_struct mm;
  char with_masks[sizeof(struct mm_struct) + 64];
} the;
static struct vm_area_struct vmas[GFC_CPUS][GFC_PAGES];
static struct vma_lock vma_lock;
static struct anon_vma anon = {.root = &anon};
static struct task_struct task;

static unsigned long PfnOf(unsigned int frame) { return (GFC_MEMORY >> PAGE_SHIFT) + frame; }
static unsigned int FrameOf(const struct page* page) { return (unsigned int)(page - pages); }
static struct page* PageIn(unsigned int frame) { return &pages[frame]; }
static void* MemoryOf(unsigned int frame) {
  return (void*)(GFC_MEMORY + (unsigned long)frame * GFC_PAGE_BYTES);
}

// Of the tree's, where no header declares them for who is not mm/ or the syscall table.
extern unsigned long highest_memmap_pfn;
long __x64_sys_mprotect(const struct pt_regs* regs);
long __x64_sys_mremap(const struct pt_regs* regs);

// What tells a page table from a page, in the place in which that has its mapcount.
static unsigned int table_type;

void gfc_set_page(unsigned int frame, int is_table) {
  pages[frame].page_type = is_table ? table_type : 0;
}

void gfc_boot(void) {
  vmemmap_base = (unsigned long)(pages - PfnOf(0));
  for (unsigned int i = 0; i < GFC_ALL_FRAMES; ++i) {
    __SetPageUptodate(&pages[i]);
    folio_set_swapbacked(page_folio(&pages[i]));
    pages[i].mapping = (void*)((unsigned long)&anon | PAGE_MAPPING_ANON);
    SetPageAnonExclusive(&pages[i]);
    init_page_count(&pages[i]);
    pages[i].page_type = UINT_MAX;
  }
  __folio_set_pgtable(page_folio(&pages[0]));
  table_type = pages[0].page_type;
  highest_memmap_pfn = PfnOf(GFC_ALL_FRAMES);
  the.mm.pgd = MemoryOf(GFC_TOP_FRAME);
  set_pgd(pgd_offset(&the.mm, GFC_ADDRESSES), __pgd(_PAGE_TABLE | PfnOf(0) << PAGE_SHIFT));
  the.mm.map_count = 1;
  atomic_long_set(&the.mm.mmap_lock.count, 1);  // held, whoever asks
  task.mm = task.active_mm = &the.mm;
  pcpu_hot.current_task = &task;
}

// --- entries ---

unsigned long gfc_entry(unsigned int frame, unsigned int flags) {
  pte_t pte;

  if (flags == 0) return 0;
  if (flags & GFC_TABLE) return _PAGE_TABLE | PfnOf(frame) << PAGE_SHIFT;
  pte = pfn_pte(PfnOf(frame), flags & GFC_HIDDEN ? PAGE_NONE : PAGE_READONLY);
  if (!(flags & GFC_ACCESSED)) pte = pte_mkold(pte);
  if (flags & GFC_WRITE) pte = pte_mkwrite_novma(pte);
  if (flags & GFC_DIRTY) pte = pte_mkdirty(pte);
  return pte_val(pte);
}

unsigned int gfc_flags_of(unsigned long entry, int leaf, unsigned int* frame) {
  const pte_t pte = __pte(entry);
  unsigned int flags = 0;

  *frame = 0;
  if (pte_none(pte)) return 0;
  *frame = (unsigned int)(pte_pfn(pte) - PfnOf(0));
  if (!leaf) return GFC_PRESENT | GFC_TABLE;
  flags = pte_flags(pte) & _PAGE_PRESENT ? GFC_PRESENT : GFC_HIDDEN;
  if (pte_write(pte)) flags |= GFC_WRITE;
  if (pte_young(pte)) flags |= GFC_ACCESSED;
  if (pte_dirty(pte)) flags |= GFC_DIRTY;
  return flags;
}

// --- what the model looks at ---

void gfc_set_vma(unsigned int cpu, int page, int end, int writes, int none) {
  struct vm_area_struct* const vma = &vmas[cpu][page];
  const vm_flags_t may = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_NORESERVE;

  vma->vm_start = gfc_address(page);
  vma->vm_end = gfc_address(end);
  vma->vm_mm = &the.mm;
  vma->vm_lock = &vma_lock;
  vma->anon_vma = &anon;
  vma->vm_pgoff = vma->vm_start >> PAGE_SHIFT;
  vm_flags_init(vma, may | (none ? 0 : VM_READ) | (writes ? VM_WRITE : 0));
  vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
}

int* gfc_count(void) { return &the.mm.tlb_flush_pending.counter; }
const void* gfc_thread_flags(void) { return &task.thread_info.flags; }
void gfc_set_resched(int on) { task.thread_info.flags = on ? _TIF_NEED_RESCHED : 0; }

int gfc_frame_of_lock(const void* lock) {
  const char* const first = (const char*)&pages[0];
  const char* const at = lock;

  if (at < first || at >= (const char*)&pages[GFC_ALL_FRAMES]) return -1;
  return (int)((unsigned long)(at - first) / sizeof(struct page));
}

int gfc_is_mmap_lock(const void* lock) { return lock == &the.mm.mmap_lock; }

void gfc_look(const void* tlb, struct gfc_gather* fields) {
  const struct mmu_gather* const gather = tlb;

  fields->start = gather->start;
  fields->end = gather->end;
  fields->fullmm = gather->fullmm;
  fields->need_flush_all = gather->need_flush_all;
  fields->freed_tables = gather->freed_tables;
  fields->cleared_ptes = gather->cleared_ptes;
  fields->cleared_pmds = gather->cleared_pmds;
  fields->cleared_puds = gather->cleared_puds;
}

extern const struct bug_entry bugs_begin[] __asm__("__start___bug_table");
extern const struct bug_entry bugs_end[] __asm__("__stop___bug_table");

int gfc_bug_at(unsigned long address, const char** file) {
  for (const struct bug_entry* bug = bugs_begin; bug < bugs_end; ++bug) {
    if ((unsigned long)&bug->bug_addr_disp + (long)bug->bug_addr_disp != address) continue;
    *file = (const char*)&bug->file_disp + bug->file_disp;
    return bug->line;
  }
  return 0;
}

// --- the calls ---

void gfc_madvise(unsigned long start, unsigned long bytes, int free) {
  do_madvise(&the.mm, start, bytes, free ? MADV_FREE : MADV_DONTNEED);
}

void gfc_mprotect(unsigned long start, unsigned long bytes, int writes, int none) {
  struct pt_regs regs = {};

  regs.di = start;
  regs.si = bytes;
  regs.dx = none ? PROT_NONE : writes ? PROT_READ | PROT_WRITE : PROT_READ;
  __x64_sys_mprotect(&regs);
}

void gfc_mremap(unsigned long start, unsigned long bytes, unsigned long to, int stays) {
  struct pt_regs regs = {};

  regs.di = start;
  regs.si = regs.dx = bytes;
  regs.r10 = MREMAP_FIXED | MREMAP_MAYMOVE | (stays ? MREMAP_DONTUNMAP : 0);
  regs.r8 = to;
  __x64_sys_mremap(&regs);
}

static struct vm_area_struct* VmaAt(int page) { return page < 0 ? NULL : &vmas[gfc_cpu()][page]; }

static void StandAt(struct ma_state* mas, const struct vm_area_struct* vma) {
  mas->index = vma->vm_start;
  mas->last = vma->vm_end - 1;
  mas->status = ma_active;
}

void gfc_clear_ptes(int page, unsigned long start, unsigned long end, unsigned long floor,
                    unsigned long ceiling) {
  struct vm_area_struct* const vma = VmaAt(page);
  MA_STATE(mas, &the.mm.mm_mt, 0, 0);
  struct mmu_gather tlb;

  tlb_gather_mmu(&tlb, &the.mm);
  StandAt(&mas, vma);
  unmap_vmas(&tlb, &mas, vma, start, end, end, false);
  StandAt(&mas, vma);
  gfc_frees_tables(1);
  free_pgtables(&tlb, &mas, vma, floor, ceiling, false);
  tlb_finish_mmu(&tlb);
  gfc_frees_tables(0);
}

// --- the gather: mmu_gather.o's own have other names (link_callers) ---

void gfc_own_tlb_gather_mmu(struct mmu_gather* tlb, struct mm_struct* mm);
void gfc_own_tlb_finish_mmu(struct mmu_gather* tlb);

void tlb_gather_mmu(struct mmu_gather* tlb, struct mm_struct* mm) {
  gfc_begins();
  gfc_own_tlb_gather_mmu(tlb, mm);
  tlb->local.max = min_t(unsigned int, gfc_batch() + 1, ARRAY_SIZE(tlb->__pages));
  gfc_gathers(tlb);
}

void tlb_finish_mmu(struct mmu_gather* tlb) {
  gfc_finishes();
  gfc_own_tlb_finish_mmu(tlb);
  gfc_finished();
}

// --- VMAs ---

struct vm_area_struct* find_vma(struct mm_struct* mm, unsigned long addr) {
  return VmaAt(gfc_vma_behind(addr));
}
struct vm_area_struct* find_vma_prev(struct mm_struct* mm, unsigned long addr,
                                     struct vm_area_struct** pprev) {
  *pprev = VmaAt(gfc_vma_before(addr));
  // One that ends behind the address is no VMA before it.
  if (*pprev && (*pprev)->vm_end > addr) *pprev = VmaAt(gfc_vma_before((*pprev)->vm_start));
  return VmaAt(gfc_vma_behind(addr));
}
struct vm_area_struct* find_vma_intersection(struct mm_struct* mm, unsigned long start_addr,
                                             unsigned long end_addr) {
  struct vm_area_struct* const vma = find_vma(mm, start_addr);

  return vma && vma->vm_start < end_addr ? vma : NULL;
}
void* mtree_load(struct maple_tree* mt, unsigned long index) {
  struct vm_area_struct* const vma = VmaAt(gfc_vma_behind(index));

  return vma && vma->vm_start <= index ? vma : NULL;
}
void* mas_find(struct ma_state* mas, unsigned long max) {
  const unsigned long from = mas->status == ma_active ? mas->last + 1 : mas->index;
  struct vm_area_struct* const vma = VmaAt(gfc_vma_behind(from));

  if (!vma || vma->vm_start > max) return NULL;
  StandAt(mas, vma);
  return vma;
}
void* mas_prev(struct ma_state* mas, unsigned long min) {
  struct vm_area_struct* const vma = VmaAt(gfc_vma_before(mas->index));

  // Where it stands then is no VMA's, but what comes next is the one it came from.
  if (!vma || vma->vm_end - 1 < min) {
    mas->last = mas->index - 1;
    return NULL;
  }
  StandAt(mas, vma);
  return vma;
}

static int Writes(unsigned long flags) { return (flags & VM_WRITE) != 0; }
static int IsNone(unsigned long flags) { return (flags & VM_ACCESS_FLAGS) == 0; }

struct vm_area_struct* vma_modify_flags(struct vma_iterator* vmi, struct vm_area_struct* prev,
                                        struct vm_area_struct* vma, unsigned long start,
                                        unsigned long end, unsigned long new_flags) {
  gfc_modify_vma(start, end, Writes(new_flags), IsNone(new_flags));
  vma = VmaAt(gfc_vma_behind(start));
  StandAt(&vmi->mas, vma);
  return vma;
}
void vma_set_page_prot(struct vm_area_struct* vma) {
  vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
}
bool vma_wants_writenotify(struct vm_area_struct* vma, pgprot_t vm_page_prot) { return false; }
pgprot_t vm_get_page_prot(unsigned long vm_flags) {
  return IsNone(vm_flags) ? PAGE_NONE : PAGE_READONLY;
}
struct vm_area_struct* copy_vma(struct vm_area_struct** vmap, unsigned long addr,
                                unsigned long len, pgoff_t pgoff, bool* need_rmap_locks,
                                bool keep_source) {
  *need_rmap_locks = false;
  gfc_copy_vma((*vmap)->vm_start, addr, addr + len);
  return VmaAt(gfc_vma_behind(addr));
}
// What is at a new place already is not unmapped: the model's mremap() fails.
int do_munmap(struct mm_struct* mm, unsigned long start, size_t len, struct list_head* uf) {
  return gfc_is_free(start, start + len) ? 0 : -ENOMEM;
}
int do_vmi_munmap(struct vma_iterator* vmi, struct mm_struct* mm, unsigned long start, size_t len,
                  struct list_head* uf, bool unlock) {
  gfc_munmap(start, start + len);
  return 0;
}
unsigned long __get_unmapped_area(struct file* file, unsigned long addr, unsigned long len,
                                  unsigned long pgoff, unsigned long flags, vm_flags_t vm_flags) {
  return addr;
}
bool may_expand_vm(struct mm_struct* mm, vm_flags_t flags, unsigned long npages) { return true; }
bool mlock_future_ok(struct mm_struct* mm, unsigned long flags, unsigned long bytes) {
  return true;
}
bool can_modify_vma_madv(struct vm_area_struct* vma, int behavior) { return true; }
int __vm_enough_memory(struct mm_struct* mm, long npages, int cap_sys_admin) { return 0; }

// --- locks ---

static void TakeFor(struct rw_semaphore* sem, enum gfc_lock what) {
  if (gfc_is_mmap_lock(sem)) gfc_mmap_lock(what);  // else that of a VMA, which nobody else takes
}
void down_read(struct rw_semaphore* sem) { TakeFor(sem, GFC_READ); }
int down_read_killable(struct rw_semaphore* sem) { return TakeFor(sem, GFC_READ), 0; }
void down_write(struct rw_semaphore* sem) { TakeFor(sem, GFC_WRITE_); }
int down_write_killable(struct rw_semaphore* sem) { return TakeFor(sem, GFC_WRITE_), 0; }
void downgrade_write(struct rw_semaphore* sem) { TakeFor(sem, GFC_DOWNGRADE); }
void up_read(struct rw_semaphore* sem) { TakeFor(sem, GFC_READ_UNLOCK); }
void up_write(struct rw_semaphore* sem) { TakeFor(sem, GFC_WRITE_UNLOCK); }

// mm->page_table_lock is only taken with mmap_lock held for writing, but for faults.
void _raw_spin_lock(raw_spinlock_t* lock) {
  const int frame = gfc_frame_of_lock(lock);

  if (frame >= 0 && frame < GFC_FRAMES) gfc_table_lock(frame);
}
void _raw_spin_unlock(raw_spinlock_t* lock) {
  const int frame = gfc_frame_of_lock(lock);

  if (frame >= 0 && frame < GFC_FRAMES) gfc_table_unlock(frame);
}

// --- TLBs and pages ---

void flush_tlb_mm_range(struct mm_struct* mm, unsigned long start, unsigned long end,
                        unsigned int stride_shift, bool freed_tables) {
  gfc_flush(start, end, stride_shift, freed_tables);
}
void flush_tlb_batched_pending(struct mm_struct* mm) { gfc_flush_batched_pending(); }

void release_pages(release_pages_arg arg, int nr) {
  struct encoded_page** const encoded = arg.encoded_pages;

  for (int i = 0; i < nr; ++i) {
    gfc_free(FrameOf(encoded_page_ptr(encoded[i])));
    if (encoded_page_flags(encoded[i]) & ENCODED_PAGE_BIT_NR_PAGES_NEXT) ++i;  // always one
  }
}
void __folio_put(struct folio* folio) {
  init_page_count(&folio->page);
  gfc_free(FrameOf(&folio->page));
}
unsigned long get_free_pages_noprof(gfp_t gfp_mask, unsigned int order) {
  return (unsigned long)gfc_table_batch();
}
void free_pages(unsigned long addr, unsigned int order) {}
struct page* __alloc_pages_noprof(gfp_t gfp, unsigned int order, int preferred_nid,
                                  nodemask_t* nodemask) {
  const int frame = gfc_alloc_table();

  if (frame < 0) return NULL;
  PageIn(frame)->page_type = UINT_MAX;
  return PageIn(frame);
}
// It waits for CPUs in the middle of a switch, at the free: no software walks without a lock.
void call_rcu(struct rcu_head* head, rcu_callback_t func) {
  gfc_grace_period();
  func(head);
}
void smp_call_function(smp_call_func_t func, void* info, int wait) {}
void unlink_anon_vmas(struct vm_area_struct* vma) {
  gfc_unlink_from_rmap(vma->vm_start, vma->vm_end);
}
static void native_tlb_remove(struct mmu_gather* tlb, void* table) { tlb_remove_table(tlb, table); }
struct paravirt_patch_template pv_ops = {.mmu.tlb_remove_table = native_tlb_remove};

// --- what does nothing here ---

void __rcu_read_lock(void) {}
void __rcu_read_unlock(void) {}
void lru_add_drain(void) {}
// What is said before a BUG() or a WARN(), which the model then tells (trap.cc).
void dump_page(const struct page* page, const char* reason) {}
void dump_vma(const struct vm_area_struct* vma) {}
void __warn_printk(const char* fmt, ...) {}
int _printk(const char* fmt, ...) { return 0; }
void blk_start_plug(struct blk_plug* plug) {}
void blk_finish_plug(struct blk_plug* plug) {}
void perf_event_mmap(struct vm_area_struct* vma) {}
void vm_stat_account(struct mm_struct* mm, vm_flags_t flags, long npages) {}
void percpu_counter_add_batch(struct percpu_counter* fbc, s64 amount, s32 batch) {}
void mod_node_page_state(struct pglist_data* pgdat, enum node_stat_item item, long delta) {}
void folio_remove_rmap_ptes(struct folio* folio, struct page* page, int nr,
                            struct vm_area_struct* vma) {}
void folio_mark_lazyfree(struct folio* folio) {}
void unlink_file_vma_batch_init(struct unlink_vma_file_batch* vb) {}
void unlink_file_vma_batch_add(struct unlink_vma_file_batch* vb, struct vm_area_struct* vma) {}
void unlink_file_vma_batch_final(struct unlink_vma_file_batch* vb) {}
int gfc_cond_resched(void) __asm__("__SCT__cond_resched");
int gfc_cond_resched(void) { return gfc_set_resched(0), 0; }
int gfc_might_resched(void) __asm__("__SCT__might_resched");
int gfc_might_resched(void) { return 0; }
void gfc_preempt_schedule(void) __asm__("__SCT__preempt_schedule");
void gfc_preempt_schedule(void) {}
