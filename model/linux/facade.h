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
  unsigned char cleared_ptes, cleared_pmds, cleared_puds;
};

/* The verbs of one tree, built for one architecture. `tlb` is room for its struct mmu_gather. */
struct gf_tree {
  unsigned int spare_entries; /* of a batch, that the tree keeps free: 6.12 keeps one */
  /* The range is that of the call. Kernels since 5.12 do not ask for it. */
  void (*gather)(void* tlb, unsigned int bundle, unsigned long start, unsigned long end);
  void (*start_vma)(void* tlb, unsigned long start, unsigned long end);
  void (*end_vma)(void* tlb);
  void (*remove_pte)(void* tlb, unsigned long address);
  void (*remove_pmd)(void* tlb, unsigned long address);
  int (*remove_page)(void* tlb, unsigned int frame, int huge);
  void (*free_pte_table)(void* tlb, unsigned int frame, unsigned long address);
  void (*free_pmd_table)(void* tlb, unsigned int frame, unsigned long address);
  void (*flush_tlb_only)(void* tlb);
  void (*flush)(void* tlb);
  void (*finish)(void* tlb, unsigned long start, unsigned long end);
  void (*look)(const void* tlb, struct gf_fields* fields);
};

/* mm->tlb_flush_pending: the steps pending_inc, pending_dec, pending_read. */
void gf_count_inc(void);
void gf_count_dec(void);
int gf_count_read(void);

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
/* call_rcu(), synchronize_rcu(): the tables that the thread frees next wait for the CPUs whose
 * interrupts are off by now. No step. */
void gf_grace_period(void);

/* x86: flush_tlb_mm_range(), the steps tlb_flush and tlb_flush_done. */
void gf_flush_range(unsigned long start, unsigned long end, unsigned int stride_shift);

/* arm64: TLBI operations are collected; DSB issues them and waits, with the same two steps. */
enum gf_tlbi_op {
  GF_TLBI_vmalle1,
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

/* VM_BUG_ON(), WARN_ON() and their kin: protocol-error with this text, which must be a literal. */
void gf_bug(const char* text);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* GATHERFUZZ_MODEL_LINUX_FACADE_H_ */
