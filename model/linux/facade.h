/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the C of a kernel tree and the model say to each other. Included by both.
 *
 * facade.c includes the tree's own mm/mmu_gather.c and offers its verbs as a gf_tree, one for each
 * tree and architecture. Whatever that code does to shared state goes through the functions below,
 * which hooks.cc defines; each is a step of the calling thread, or says that it is not.
 *
 * Addresses are those of the model's pages, shifted by GF_PAGE_SHIFT.
 */
#ifndef GATHERFUZZ_MODEL_LINUX_FACADE_H_
#define GATHERFUZZ_MODEL_LINUX_FACADE_H_

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* a tree may be loaded: loaded.cc */

#define GF_PAGE_SHIFT 12
#define GF_LEVEL_SHIFT 2 /* four entries in a table: kEntriesPerTable */
#define GF_PAGES 64      /* kPages */
#define GF_FRAMES 96     /* kFrames */
#define GF_GATHER_BYTES 512
#define GF_ASID 0x5aul

/* The fields of struct mmu_gather that the model mirrors. */
struct gf_fields {
  unsigned long start, end;
  unsigned char fullmm, need_flush_all, freed_tables;
  unsigned char cleared_ptes, cleared_pmds, cleared_puds, vma_pfn;
  unsigned char unshared_tables, fully_unshared_tables;
};

struct gf_cpu_code;  /* below */
struct gf_asid_code; /* below */

/* The verbs of one tree, built for one architecture. `tlb` is room for its struct mmu_gather. */
struct gf_tree {
  const struct gf_cpu_code* cpu_code;   /* x86: the tree's mm/tlb.c; 0: the model's is used */
  const struct gf_asid_code* asid_code; /* the tree's mm/context.c; 0: the model's is used */
  unsigned int spare_entries;           /* of a batch, that the tree keeps free: 6.12 keeps one */
  unsigned int single_tlbi;             /* arm64: each TLBI operation is a step of its own */
  int tables_are_pages;                 /* tables go into batches of pages, too */
  /* The range is that of the call. Kernels since 5.12 do not ask for it. 0 to ~0 is the whole mm,
   * which is going away: tlb_gather_mmu_fullmm(). */
  void (*gather)(void* tlb, unsigned int bundle, unsigned long start, unsigned long end);
  void (*start_vma)(void* tlb, unsigned long start, unsigned long end, int pfn);
  void (*end_vma)(void* tlb);
  void (*free_vmas)(void* tlb); /* 0: it has no tlb_free_vmas() */
  void (*remove_pte)(void* tlb, unsigned long address);
  void (*remove_pmd)(void* tlb, unsigned long address);
  int (*remove_page)(void* tlb, unsigned int frame, int huge);
  void (*free_pte_table)(void* tlb, unsigned int frame, unsigned long address);
  void (*free_pmd_table)(void* tlb, unsigned int frame, unsigned long address);
  /* tlb_unshare_pmd_ptdesc() of a PMD table that so many others have, and its flush. Trees before
   * 6.19 without it: what their huge_pmd_unshare() does with the gather. */
  void (*unshare_pmd_table)(void* tlb, unsigned int others, unsigned long address);
  void (*flush_unshared)(void* tlb);
  void (*flush_tlb_only)(void* tlb);
  void (*flush)(void* tlb);
  void (*finish)(void* tlb, unsigned long start, unsigned long end);
  void (*look)(const void* tlb, struct gf_fields* fields);
  /* arm64, of page faults, as its asm/pgtable.h and mm/fault.c have them; 0: the model's. */
  void (*fix_spurious_fault)(unsigned long address, int huge);
  void (*set_access_flags)(unsigned long address, int huge);
};

/* What an access orders, as its call site says: MemoryOrder. */
enum gf_order { GF_relaxed, GF_acquire, GF_release, GF_full };

/* mm->tlb_flush_pending: the steps pending_inc, pending_dec, pending_read. */
void gf_count_inc(enum gf_order order);
void gf_count_dec(enum gf_order order);
int gf_count_read(enum gf_order order);

/* Barriers between accesses: smp_rmb(), smp_wmb(), smp_mb(). They belong to the step before them,
 * and are no steps. Under sequential consistency they do nothing. */
enum gf_fence_kind { GF_FENCE_reads, GF_FENCE_writes, GF_FENCE_full };
void gf_fence(enum gf_fence_kind kind);

/* A page for a batch of pages or tables, or 0: the schedule's `batch` decides (room.h). No step. */
unsigned long gf_alloc_batch(void);
void gf_free_batch(unsigned long address);
/* How many entries such a page has. */
unsigned int gf_page_batch_entries(void);
unsigned int gf_table_batch_entries(void);

/* The steps free_page, free_table. */
void gf_free_page(unsigned int frame);
void gf_free_table(unsigned int frame);
void gf_free_unknown(void);
/* An IPI that is waited for; call_rcu() and synchronize_rcu() where the schedule does not say
 * `rcu`: the tables that the thread frees next wait for the CPUs whose interrupts are off by now.
 * No step; but of tlb_flush_unshared_tables() the step tlb_remove_table_sync_one, which waits. */
void gf_grace_period(void);
/* call_rcu(): where it does, the step of that name, and what the callback frees, up to the end, is
 * handed over. */
void gf_call_rcu_begin(void);
void gf_call_rcu_end(void);
void gf_synchronize_rcu(void);

/* x86: flush_tlb_mm_range(), by the tree's mm/tlb.c where CPUs switch and there is one, or else the
 * steps tlb_flush and tlb_flush_done. */
void gf_flush_range(unsigned long start, unsigned long end, unsigned int stride_shift,
                    int freed_tables);

/* arm64: TLBI operations are collected; DSB issues them and waits, with the same two steps. What
 * the DSB before them orders belongs to the first of these. Those of this CPU alone are done at a
 * DSB, with the step tlbi_local; without one they are never complete, and do nothing. */
enum gf_tlbi_op {
  GF_TLBI_vmalle1, /* of this CPU alone, as are vale1 and rvale1 */
  GF_TLBI_vale1,
  GF_TLBI_vmalle1is,
  GF_TLBI_aside1is,
  GF_TLBI_vae1is,
  GF_TLBI_vale1is,
  GF_TLBI_vaae1is,
  GF_TLBI_vaale1is,
  GF_TLBI_rvale1, /* from here on, by range */
  GF_TLBI_rvae1is,
  GF_TLBI_rvale1is,
  GF_TLBI_rvaae1is,
  GF_TLBI_rvaale1is,
  GF_TLBI_ripas2e1is, /* to here */
  GF_TLBI_ipas2e1,
  GF_TLBI_ipas2e1is,
  GF_TLBI_vae2is,
  GF_TLBI_vale2is,
  GF_TLBI_alle1is,
  GF_TLBI_alle2is,
  GF_TLBI_vmalls12e1is
};
enum gf_barrier { GF_DSB_ish, GF_DSB_ishst, GF_DSB_nsh, GF_DSB_nshst, GF_DSB_sy };
void gf_tlbi(enum gf_tlbi_op op, unsigned long operand);
void gf_dsb(enum gf_barrier barrier);

/* riscv: SFENCE.VMA of an address or of all, of an ASID or of any (~0). They are collected;
 * gf_issue_fences() has those CPUs of the mm execute them, by the step tlb_flush and, if it is
 * waited for, tlb_flush_done. Those that nobody issues are of this CPU. */
void gf_sfence(unsigned long address, unsigned long asid);
void gf_sfence_all(unsigned long asid);
void gf_issue_fences(unsigned long cpus, int wait);
unsigned int gf_this_cpu(void);
unsigned long* gf_mm_cpumask(void); /* a copy, of the mm's */
#define GF_FENCE_THRESHOLD 3ul      /* strides, above which all goes; 64 in the kernel */

/* VM_BUG_ON(), WARN_ON() and their kin: protocol-error with this text, which must be a literal. */
void gf_bug(const char* text);

/* --- x86: the tree's own arch/x86/mm/tlb.c (cpu.c) --- */

#define GF_MMS 5           /* kMms: init_mm, then the users' */
#define GF_SWITCHING 255u  /* MmId::kSwitching */
#define GF_CPUS 8          /* kMaxCpus */
#define GF_SLOTS 2         /* kSlots, for TLB_NR_DYN_ASIDS */
#define GF_GLOBAL_ASID 6u  /* of mm0: above the kernel's TLB_NR_DYN_ASIDS */
#define GF_CPU_BYTES 768   /* room for the variables that a CPU has of its own */
#define GF_FLUSH_CEILING 8 /* strides, above which a flush is whole; 33 in the kernel */
#define GF_INFO_WORDS 8    /* room for a struct flush_tlb_info */

/* Of a CPU's variables, those that live from one call to the next; mms by number. The model has
 * them in SwitchCpu, whose copy of them is the one that counts: before each step they are written
 * there, and read back behind it. */
struct gf_cpu_state {
  unsigned char loaded_mm, loaded_slot /* GF_SLOTS: the global ASID */, next_slot, is_lazy;
  unsigned char slot_mm[GF_SLOTS];
  unsigned short slot_generation[GF_SLOTS];
};

/* A struct flush_tlb_info, as words, without the generation: its mm is a number. */
struct gf_info {
  unsigned long words[GF_INFO_WORDS];
  unsigned long start, end, new_generation; /* for reports, and for who reads generations */
  unsigned int stride_shift;
  unsigned char freed_tables, of_all;
};

/* What a tree's tlb.c does. `area` is room for the variables of a CPU. */
struct gf_cpu_code {
  void (*begin)(void* area); /* as a CPU has them at first */
  void (*load)(void* area, const struct gf_cpu_state* from);
  void (*store)(const void* area, struct gf_cpu_state* to);
  /* Whether all the other variables are what they were at first. */
  int (*is_at_rest)(const void* area);
  void (*switch_mm)(unsigned int next); /* switch_mm_irqs_off() */
  void (*enter_lazy)(void);             /* enter_lazy_tlb() */
  void (*leave)(void);                  /* leave_mm() */
  void (*flush_range)(unsigned long start, unsigned long end, unsigned int stride_shift,
                      int freed_tables);          /* flush_tlb_mm_range(), of mm0 */
  void (*flush_func)(const struct gf_info* info); /* flush_tlb_func(), where an interrupt runs it */
  int (*should_defer)(void);                      /* arch_tlbbatch_should_defer() */
  unsigned long (*batch_add)(unsigned long mask, unsigned long address);
  void (*batch_flush)(unsigned long mask);
};

/* The variables of the CPU that runs, and, for reading at once, of another; the second is a step,
 * as gf_step says. Behind a read of loaded_mm that is no question of gf_call_cpus(), gf_relax()
 * waits until that CPU is not switching. */
enum gf_of_cpu { GF_OF_loaded_mm, GF_OF_is_lazy, GF_OF_loaded_asid };
void* gf_own_cpu(void);
const void* gf_other_cpu(unsigned int cpu, enum gf_of_cpu variable);
unsigned int gf_cpu_number(void);

/* The steps of one shared variable: */
enum gf_cpu_variable {
  GF_WRITES_loaded_mm_switching,
  GF_WRITES_loaded_mm_set,
  GF_WRITES_is_lazy, /* none, if nothing shared was touched since the step with which a switch, or a
                      kernel thread, began */
  GF_WRITES_loaded_asid, /* none where there is no INVLPGB: then nobody else reads it */
};
void gf_cpu_step(enum gf_cpu_variable variable);
unsigned long gf_generation_read(unsigned int mm);
unsigned long gf_generation_inc(unsigned int mm);
/* mm_cpumask(). The own bit is read without a step: nobody else changes it. */
unsigned long gf_mask_read(unsigned int mm);
int gf_mask_test(unsigned int mm, unsigned int cpu);
void gf_mask_set(unsigned int mm, unsigned int cpu);
void gf_mask_clear(unsigned int mm, unsigned int cpu);

/* Where there is INVLPGB: of mm0, whether it has a global ASID, as that or 0, which only the model
 * gives it; and asid_transition. */
int gf_has_invlpgb(void);
void gf_relax(void);
unsigned int gf_global_asid_read(unsigned int mm);
int gf_transition_read(unsigned int mm);
void gf_transition_write(unsigned int mm, int value);

/* The hardware. */
void gf_invlpgb(unsigned long rax, unsigned int ecx, unsigned int edx);
void gf_tlbsync(void);
unsigned long gf_read_cr3(void);
void gf_write_cr3(unsigned long value);    /* a switch: another root, or another slot */
void gf_flush_by_cr3(unsigned long value); /* the same once more */
void gf_invlpg(unsigned long address);
void gf_invpcid_all(void);
void gf_irqs(int on); /* off: the step tlb_flush */
int gf_irqs_off(void);

/* smp_call_function_many_cond(): of mm_cpumask(mm), or, with mm < 0, of `mask`. `should` may be 0.
 * The call is flush_tlb_func(). */
void gf_call_cpus(int mm, unsigned long mask, const struct gf_info* info,
                  int (*should)(unsigned int cpu, void* info), void* argument, int wait);

/* WARN_ON(), VM_WARN_ON(), BUG_ON() and their kin in tlb.c: kernel-assertion with this literal. */
void gf_assertion(const char* text);

/* --- arm64, riscv: the tree's own mm/context.c (asids.c) --- */

#define GF_ASID_BITS 4        /* 16 ASIDs; those that the model does not have are pinned */
#define GF_SATP_MODE 9ul      /* riscv: Sv48, in SATP */
#define GF_GENERATION_SHIFT 8 /* kGenerationShift, of an id below: a generation, above an ASID */

/* The variables of context.c that live from one call to the next. They are the tree's statics, of
 * which there is one for all threads: who runs that code holds a lock that no step is made with.
 * The model has them in Asids, whose copy of them is the one that counts. */
struct gf_asid_state {
  unsigned short generation, map;
  unsigned char next, flush_pending;
  unsigned short id[GF_MMS], active[GF_CPUS], reserved[GF_CPUS];
};
struct gf_asid_code {
  void (*load)(const struct gf_asid_state* from, unsigned int count);
  void (*store)(struct gf_asid_state* to);
  void (*switch_mm)(unsigned int prev, unsigned int next); /* check_and_switch_context() */
};

/* Which variable is touched, and how: a step, as model/kernel/asids.h says of each. */
enum gf_asid_variable { GF_CONTEXT_ID, GF_ACTIVE_ASIDS, GF_ASID_GENERATION, GF_UNKNOWN_VARIABLE };
enum gf_asid_touch { GF_READS, GF_WRITES, GF_SWAPS, GF_SWAPS_IF };
void gf_asid_step(enum gf_asid_variable variable, enum gf_asid_touch how, unsigned int cpu);
unsigned int gf_asid_cpu(void);
unsigned int gf_asid_cpus(void);
unsigned int gf_asid_next(void);
void gf_asid_lock(void);
void gf_asid_unlock(void);
void gf_asid_local_flush(void);
unsigned long gf_asid_read_ttbr1(void);
void gf_asid_write_ttbr1(unsigned long value);
void gf_asid_write_ttbr0(unsigned long value);
void gf_asid_write_satp(unsigned long value);
void gf_asid_leaves_mask(void); /* riscv: a CPU leaves mm_cpumask(): kernel-assertion */
/* WARN_ON() and its kin in context.c: kernel-assertion with this literal. */
void gf_asid_failed(const char* text);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* GATHERFUZZ_MODEL_LINUX_FACADE_H_ */
