// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a tree's own arch/arm64/mm/context.c, or riscv's, does, as a gf_asid_code. Compiled once for
// each tree and each of them, by compile_tree, which defines:
//   GF_TREE           the name of the gf_tree that it belongs to
//   GF_CONTEXT_C      the path of the tree's file, as a string
//   GF_HAS_asid_mask  of riscv, that asid_mask is how it tells an ASID in an id (6.1)
// and the CONFIG_ options.
//
// Scaled as the model is: there are one more ASIDs than CPUs. The tree has 16; the others are
// pinned, as those of devices are, which is what lets it work with so few. riscv pins none: there
// they are taken wherever all are given back.
#include <gatherfuzz_asids/shim.h>

#define GF_MM_AT(number) [number] = {.pgd = (pgd_t*)((number + 1ul) << GF_PAGE_SHIFT)}
struct mm_struct gf_mms[GF_MMS] = {GF_MM_AT(0), GF_MM_AT(1), GF_MM_AT(2), GF_MM_AT(3), GF_MM_AT(4)};
unsigned long gf_bitmap[2];

#include GF_CONTEXT_C

#ifdef GF_ARCH_riscv
/* The same variables under its names, and the one that arm64 tells an id by. */
#define active_asids active_context
#define reserved_asids reserved_context
#define asid_generation current_version
#define asid_map context_asid_map
#define tlb_flush_pending context_tlb_flush_pending
#ifdef GF_HAS_asid_mask
#define ASID_FIRST_VERSION num_asids
#else
#define ASID_FIRST_VERSION BIT(SATP_ASID_BITS)
#endif
#define NUM_USER_ASIDS num_asids
#endif

static bool gf_is_in(const void* what, const void* begin, unsigned long size) {
  return (const char*)what >= (const char*)begin && (const char*)what < (const char*)begin + size;
}

static enum gf_asid_variable gf_variable(const atomic64_t* counter) {
  if (gf_is_in(counter, gf_mms, sizeof gf_mms)) return GF_CONTEXT_ID;
  if (gf_is_in(counter, active_asids, sizeof active_asids)) return GF_ACTIVE_ASIDS;
  return counter == &asid_generation ? GF_ASID_GENERATION : GF_UNKNOWN_VARIABLE;
}

// Of context.id the mm.
static unsigned int gf_cpu_of(const atomic64_t* counter) {
  const unsigned long mm = (unsigned long)((const char*)counter - (const char*)gf_mms);
  if (gf_variable(counter) == GF_CONTEXT_ID) return (unsigned int)(mm / sizeof gf_mms[0]);
  return gf_variable(counter) == GF_ACTIVE_ASIDS ? (unsigned int)(counter - active_asids) : 0;
}

// --- The variables ---

#define GF_LOW ((1u << GF_GENERATION_SHIFT) - 1)

// As the kernel has an id; and as the model has it.
static long Widened(unsigned int id) {
  return (long)((id >> GF_GENERATION_SHIFT) * ASID_FIRST_VERSION | (id & GF_LOW));
}
static unsigned short Narrowed(unsigned long id) {
  return (unsigned short)((id / ASID_FIRST_VERSION) << GF_GENERATION_SHIFT |
                          (id % ASID_FIRST_VERSION & GF_LOW));
}

static unsigned long PinnedFrom(unsigned int count) {
  return (NUM_USER_ASIDS < 64 ? BIT(NUM_USER_ASIDS) - 1 : ~0ul) & ~(BIT(count) - 1);
}

static void Load(const struct gf_asid_state* from, unsigned int count) {
  asid_map = &gf_bitmap[0];
#ifdef GF_ARCH_riscv
  num_asids = 1ul << GF_ASID_BITS;
#ifdef GF_HAS_asid_mask
  asid_mask = num_asids - 1;
#endif
#else
  asid_bits = GF_ASID_BITS;
  pinned_asid_map = &gf_bitmap[1];
#endif
  gf_bitmap[1] = PinnedFrom(count);
  gf_bitmap[0] = from->map | gf_bitmap[1];
  asid_generation.counter = Widened((unsigned int)from->generation << GF_GENERATION_SHIFT);
  tlb_flush_pending.bits[0] = from->flush_pending;
  if (gf_cur_idx != 0) *gf_cur_idx = from->next;
  for (int i = 0; i < GF_MMS; ++i) gf_mms[i].context.id.counter = Widened(from->id[i]);
  for (int i = 0; i < GF_CPUS; ++i) {
    active_asids[i].counter = Widened(from->active[i]);
    reserved_asids[i] = (unsigned long)Widened(from->reserved[i]);
  }
}

static void Store(struct gf_asid_state* to) {
  to->map = (unsigned short)(gf_bitmap[0] & ~gf_bitmap[1]);
  to->generation =
      (unsigned short)(Narrowed((unsigned long)asid_generation.counter) >> GF_GENERATION_SHIFT);
  to->flush_pending = (unsigned char)tlb_flush_pending.bits[0];
  if (gf_cur_idx != 0) to->next = (unsigned char)*gf_cur_idx;
  for (int i = 0; i < GF_MMS; ++i) {
    to->id[i] = Narrowed((unsigned long)gf_mms[i].context.id.counter);
  }
  for (int i = 0; i < GF_CPUS; ++i) {
    to->active[i] = Narrowed((unsigned long)active_asids[i].counter);
    to->reserved[i] = Narrowed(reserved_asids[i]);
  }
}

#ifdef GF_ARCH_riscv
static void SwitchMm(unsigned int prev, unsigned int next) {
  switch_mm(&gf_mms[prev], &gf_mms[next], 0);
}
#else
static void SwitchMm(unsigned int prev, unsigned int next) {
  check_and_switch_context(&gf_mms[next]);
}
#endif

#define GF_PASTE_(a, b) a##b
#define GF_PASTE(a, b) GF_PASTE_(a, b)
#define GF_ASID_CODE GF_PASTE(GF_TREE, _asids)
extern const struct gf_asid_code GF_ASID_CODE;
const struct gf_asid_code GF_ASID_CODE = {.load = Load, .store = Store, .switch_mm = SwitchMm};
