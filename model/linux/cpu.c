// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a tree's own arch/x86/mm/tlb.c does, as a gf_cpu_code. Compiled once for each tree, by
// compile_tree, which defines:
//   GF_TREE     the name of the gf_tree that it belongs to
//   GF_TLB_C    the path of the tree's file, as a string, its assembly replaced
// and the CONFIG_ options. Versions are told apart by the types of functions, as in facade.c.
//
// Scaled as the model is: TLB_NR_DYN_ASIDS is 2, and not 6, and the ceiling of a flush by pages 8,
// and not 33.
#include <gatherfuzz_cpu/shim.h>

#include <asm/mmu_context.h>
#include <asm/tlbflush.h>

#undef TLB_NR_DYN_ASIDS
#define TLB_NR_DYN_ASIDS GF_SLOTS

// In mm/init.c, arch/x86/kernel/ and elsewhere.
DEFINE_PER_CPU(struct tlb_state, cpu_tlbstate) = {.next_asid = 1};
DEFINE_PER_CPU(u64, tlbstate_untag_mask);
DEFINE_PER_CPU(struct cpuinfo_x86, cpu_info);
unsigned long cr4_read_shadow(void) { return X86_CR4_PCIDE; }
void cr4_update_irqsoff(unsigned long set, unsigned long clear) {}

u16 invlpgb_count_max = GF_FLUSH_CEILING;  // never changes

#define GF_MM_AT(number) \
  [number] = {.pgd = (pgd_t*)((number + 1ul) << PAGE_SHIFT), .context = {.ctx_id = number + 1}}
const struct mm_struct gf_mms[GF_MMS] = {GF_MM_AT(0), GF_MM_AT(1), GF_MM_AT(2), GF_MM_AT(3),
                                         GF_MM_AT(4)};

#include GF_TLB_C

#define SAME_TYPE(function, type) _Generic(&(function), type: 1, default: 0)

#ifndef GF_HAS_should_flush_tlb  // before fea4e317f9e7
#define should_flush_tlb tlb_is_not_lazy
#endif

// --- The variables of a CPU ---

static void* At(void* area, const void* variable) { return (char*)area + GF_PLACE(variable); }
#define IN(area, variable) (*(__typeof__(variable)*)At((void*)(area), &(variable)))

static unsigned char NumberOf(const struct mm_struct* mm) {
  return mm == LOADED_MM_SWITCHING ? GF_SWITCHING : (unsigned char)gf_mm_of(mm);
}

static void Begin(void* area) {
  _Static_assert(sizeof(struct tlb_state) < GF_CPU_BYTES, "gatherfuzz: struct tlb_state is large");
  const unsigned long size = (unsigned long)(GF_CPU_STOP - GF_CPU_START);
  if (size > GF_CPU_BYTES) return gf_assertion("tlb.c has more variables of a CPU than have room");
  // A constant, but a variable in the kernel.
  __atomic_store_n(&tlb_single_page_flush_ceiling, GF_FLUSH_CEILING, __ATOMIC_RELAXED);
  __builtin_memset(area, 0, GF_CPU_BYTES);
  __builtin_memcpy(area, GF_CPU_START, size);
}

static void Load(void* area, const struct gf_cpu_state* from) {
  struct tlb_state* state = &IN(area, cpu_tlbstate);
  state->loaded_mm = from->loaded_mm == GF_SWITCHING ? LOADED_MM_SWITCHING : GF_MM(from->loaded_mm);
  state->loaded_mm_asid = from->loaded_slot == GF_SLOTS ? GF_GLOBAL_ASID : from->loaded_slot;
  state->next_asid = from->next_slot;
  IN(area, cpu_tlbstate_shared).is_lazy = from->is_lazy;
  for (int i = 0; i < GF_SLOTS; ++i) {
    state->ctxs[i].ctx_id = gf_mms[from->slot_mm[i]].context.ctx_id;
    state->ctxs[i].tlb_gen = from->slot_generation[i];
  }
}

static void Store(const void* area, struct gf_cpu_state* to) {
  const struct tlb_state* state = &IN(area, cpu_tlbstate);
  to->loaded_mm = NumberOf(state->loaded_mm);
  const unsigned int asid = state->loaded_mm_asid;
  to->loaded_slot = (unsigned char)(asid == GF_GLOBAL_ASID ? GF_SLOTS : asid);
  to->next_slot = (unsigned char)state->next_asid;
  to->is_lazy = IN(area, cpu_tlbstate_shared).is_lazy;
  for (int i = 0; i < GF_SLOTS; ++i) {
    const unsigned long id = state->ctxs[i].ctx_id;
    if (id == 0 || id > GF_MMS) gf_assertion("ctxs[] has the ctx_id of no mm");
    to->slot_mm[i] = (unsigned char)(id - 1);
    to->slot_generation[i] = (unsigned short)state->ctxs[i].tlb_gen;
  }
}

// What Store() takes, and flush_tlb_info, which is used only while a flush is under way, may be
// anything.
static int IsAtRest(const void* area) {
  unsigned char copy[GF_CPU_BYTES], first[GF_CPU_BYTES];
  struct gf_cpu_state nothing = {0};
  __builtin_memcpy(copy, area, sizeof copy);
  Begin(first);
  Load(copy, &nothing);
  Load(first, &nothing);
  __builtin_memset(&IN(copy, flush_tlb_info), 0, sizeof flush_tlb_info);
  return __builtin_memcmp(copy, first, sizeof copy) == 0;
}

static inline void gf_before_write(unsigned long place, unsigned long value) {
  if (place == GF_PLACE(&cpu_tlbstate.loaded_mm)) {
    gf_cpu_step(value == (unsigned long)LOADED_MM_SWITCHING ? GF_WRITES_loaded_mm_switching
                                                            : GF_WRITES_loaded_mm_set);
  } else if (place == GF_PLACE(&cpu_tlbstate_shared.is_lazy)) {
    gf_cpu_step(GF_WRITES_is_lazy);
  } else if (place == GF_PLACE(&cpu_tlbstate.loaded_mm_asid)) {
    gf_cpu_step(GF_WRITES_loaded_asid);
  }
}

static inline const void* gf_of_other(unsigned long place, unsigned int cpu) {
  enum gf_of_cpu variable = GF_OF_loaded_mm;
  if (place == GF_PLACE(&cpu_tlbstate_shared.is_lazy)) {
    variable = GF_OF_is_lazy;
  } else if (place == GF_PLACE(&cpu_tlbstate.loaded_mm_asid)) {
    variable = GF_OF_loaded_asid;
  } else if (place != GF_PLACE(&cpu_tlbstate.loaded_mm)) {
    gf_assertion("tlb.c reads more of another CPU than loaded_mm, loaded_mm_asid and is_lazy");
  }
  return (const char*)gf_other_cpu(cpu, variable) + place;
}

// --- asid_transition of an mm ---

static inline bool IsTransition(const void* at) {
#ifdef GF_HAS_asid_transition
  return gf_is_in(at) && at == &GF_MM(gf_mm_of(at))->context.asid_transition;
#else
  return false;
#endif
}

static inline const void* gf_once(const void* at) {
  static const bool kValues[2] = {false, true};
  return IsTransition(at) ? &kValues[gf_transition_read(gf_mm_of(at)) != 0] : at;
}

static inline void gf_write_mm(const void* at, long value) {
  if (!IsTransition(at)) return gf_assertion("tlb.c writes more of an mm than asid_transition");
  gf_transition_write(gf_mm_of(at), value != 0);
}

// --- Interrupts ---

static struct gf_info Pack(const struct flush_tlb_info* info) {
  _Static_assert(sizeof *info <= sizeof(unsigned long) * GF_INFO_WORDS,
                 "gatherfuzz: struct flush_tlb_info is larger than GF_INFO_WORDS allows for");
  struct gf_info packed = {.start = info->start,
                           .end = info->end,
                           .new_generation = info->new_tlb_gen,
                           .stride_shift = info->stride_shift,
                           .freed_tables = info->freed_tables,
                           .of_all = info->mm == 0};
  struct flush_tlb_info copy;
  __builtin_memcpy(&copy, info, sizeof copy);  // with its padding, which is zero
  copy.mm = info->mm != 0 ? (struct mm_struct*)(1ul + NumberOf(info->mm)) : 0;
  copy.new_tlb_gen = 0;
  __builtin_memcpy(packed.words, &copy, sizeof copy);
  return packed;
}

static void FlushFunc(const struct gf_info* packed) {
  struct flush_tlb_info info;
  __builtin_memcpy(&info, packed->words, sizeof info);
  const unsigned long mm = (unsigned long)info.mm;
  info.mm = mm != 0 ? GF_MM(mm - 1) : 0;
  info.new_tlb_gen = packed->new_generation;
  flush_tlb_func(&info);
}

static int Should(unsigned int cpu, void* info) { return should_flush_tlb((int)cpu, info); }

static void gf_on_cpus(const struct cpumask* mask, smp_call_func_t call, void* info,
                       smp_cond_func_t should, int wait) {
  if (call != flush_tlb_func || (should != 0 && should != should_flush_tlb)) {
    return gf_assertion("tlb.c has other CPUs call what the model does not know");
  }
  const struct gf_info packed = Pack(info);
  const bool of_mm = gf_is_in(mask);
  gf_call_cpus(of_mm ? (int)gf_mm_of(mask) : -1, of_mm ? 0 : mask->bits[0], &packed,
               should != 0 ? Should : 0, info, wait);
}

// --- The verbs ---

static void SwitchMm(unsigned int next) { switch_mm_irqs_off(0, GF_MM(next), 0); }
static void EnterLazy(void) { enter_lazy_tlb(&init_mm, 0); }

typedef void (*LeavesByNumber)(int cpu);  // before 6.7
static void Leave(void) {
  if (SAME_TYPE(leave_mm, LeavesByNumber)) {
    ((LeavesByNumber)leave_mm)((int)gf_cpu_number());
  } else {
    ((void (*)(void))leave_mm)();
  }
}

static void FlushRange(unsigned long start, unsigned long end, unsigned int stride_shift,
                       int freed_tables) {
  flush_tlb_mm_range(GF_MM(1), start, end, stride_shift, freed_tables != 0);
}

typedef struct arch_tlbflush_unmap_batch Batch;

#ifdef GF_HAS_arch_tlbbatch_add_mm
#define arch_tlbbatch_add(batch, mm, address) arch_tlbbatch_add_mm(batch, mm)
#else  // of a page, or (6.16 and later) of a range
typedef void (*AddPage)(Batch*, struct mm_struct*, unsigned long);
typedef void (*AddRange)(Batch*, struct mm_struct*, unsigned long, unsigned long);
static void arch_tlbbatch_add(Batch* batch, struct mm_struct* mm, unsigned long address) {
  if (SAME_TYPE(arch_tlbbatch_add_pending, AddPage)) {
    ((AddPage)arch_tlbbatch_add_pending)(batch, mm, address);
  } else {
    ((AddRange)arch_tlbbatch_add_pending)(batch, mm, address, address + PAGE_SIZE);
  }
}
#endif

static unsigned long BatchAdd(unsigned long mask, unsigned long address) {
  Batch batch = {.cpumask = {{mask}}};
  arch_tlbbatch_add(&batch, GF_MM(1), address);
  return batch.cpumask.bits[0];
}

static void BatchFlush(unsigned long mask) {
  Batch batch = {.cpumask = {{mask}}};
#ifdef GF_HAS_unmapped_pages  // since 6.15
  batch.unmapped_pages = mask != 0;
#endif
  arch_tlbbatch_flush(&batch);
}

#ifdef GF_HAS_arch_tlbbatch_should_defer
static int ShouldDefer(void) { return arch_tlbbatch_should_defer(GF_MM(1)); }
#else  // before 6.7, in mm/rmap.c
static int ShouldDefer(void) {
  return cpumask_any_but(mm_cpumask(GF_MM(1)), gf_cpu_number()) < nr_cpu_ids;
}
#endif

#define GF_CPU_CODE GF_PASTE(GF_TREE, _cpu)
extern const struct gf_cpu_code GF_CPU_CODE;
const struct gf_cpu_code GF_CPU_CODE = {
    .begin = Begin,
    .load = Load,
    .store = Store,
    .is_at_rest = IsAtRest,
    .switch_mm = SwitchMm,
    .enter_lazy = EnterLazy,
    .leave = Leave,
    .flush_range = FlushRange,
    .flush_func = FlushFunc,
    .should_defer = ShouldDefer,
    .batch_add = BatchAdd,
    .batch_flush = BatchFlush,
};
