/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Changed: what behaves here otherwise than in a kernel, or is done by the model.
 */
#ifndef GATHERFUZZ_CPU_CHANGED_H_
#define GATHERFUZZ_CPU_CHANGED_H_

#define PAGE_SHIFT GF_PAGE_SHIFT
#define PMD_SHIFT (PAGE_SHIFT + GF_LEVEL_SHIFT)
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define huge_page_shift(state) PMD_SHIFT
#define hstate_vma(vma) 0

/* Assertions end the run. */
#define GF_ASSERT(text, condition)            \
  ({                                          \
    bool gf_hit = !!(condition);              \
    if (unlikely(gf_hit)) gf_assertion(text); \
    gf_hit;                                   \
  })
#define BUG() gf_assertion("BUG()")
#define BUG_ON(condition) ((void)GF_ASSERT("BUG_ON(" #condition ")", condition))
#define WARN_ON(condition) GF_ASSERT("WARN_ON(" #condition ")", condition)
#define WARN_ON_ONCE(condition) GF_ASSERT("WARN_ON_ONCE(" #condition ")", condition)
#ifdef CONFIG_DEBUG_VM
#define VM_BUG_ON(condition) ((void)GF_ASSERT("VM_BUG_ON(" #condition ")", condition))
#define VM_WARN_ON(condition) ((void)GF_ASSERT("VM_WARN_ON(" #condition ")", condition))
#define VM_WARN_ON_ONCE(condition) ((void)GF_ASSERT("VM_WARN_ON_ONCE(" #condition ")", condition))
#else
#define VM_BUG_ON(condition) ((void)sizeof((condition) ? 1 : 0))
#define VM_WARN_ON(condition) VM_BUG_ON(condition)
#define VM_WARN_ON_ONCE(condition) VM_BUG_ON(condition)
#endif
#define VM_WARN_ONCE(condition, ...) VM_WARN_ON_ONCE(condition)
#define lockdep_assert_irqs_enabled() \
  ((void)GF_ASSERT("lockdep_assert_irqs_enabled()", gf_irqs_off()))
#define lockdep_assert_irqs_disabled() \
  ((void)GF_ASSERT("lockdep_assert_irqs_disabled()", !gf_irqs_off()))

/* The mms: handles, of which only addresses and constants count. What changes is the model's. */
extern const struct mm_struct gf_mms[GF_MMS];
#define GF_MM(number) ((struct mm_struct*)&gf_mms[number])
#define init_mm (*GF_MM(0))
#define mm_cpumask(mm) (&(mm)->cpu_bitmap)
static inline bool gf_is_in(const void* what) {
  return (const char*)what >= (const char*)gf_mms &&
         (const char*)what < (const char*)(gf_mms + GF_MMS);
}
static inline unsigned int gf_mm_of(const void* what) {
  return (unsigned int)(((const char*)what - (const char*)gf_mms) / sizeof gf_mms[0]);
}

/* global_asid and asid_transition of an mm are the model's. */
static inline const void* gf_once(const void* at); /* cpu.c */
static inline void gf_write_mm(const void* at, long value);
#define smp_load_acquire(at) \
  (gf_is_in(at) ? (__typeof__(*(at)))gf_global_asid_read(gf_mm_of(at)) : *(at))
#define smp_store_release(at, value) \
  ((void)(value), gf_assertion("tlb.c gives an mm a global ASID, which the model does"))

/* Of atomic counters, tlb_gen of an mm is the model's; another is a plain number. */
static inline long atomic64_read(const atomic64_t* counter) {
  return gf_is_in(counter) ? (long)gf_generation_read(gf_mm_of(counter)) : counter->counter;
}
static inline long atomic64_inc_return(atomic64_t* counter) {
  return gf_is_in(counter) ? (long)gf_generation_inc(gf_mm_of(counter)) : ++counter->counter;
}
#define atomic64_inc(counter) ((void)atomic64_inc_return(counter))
static inline void atomic64_set(atomic64_t* counter, long value) {
  if (gf_is_in(counter)) return gf_assertion("tlb_gen is set while the mm is in use");
  counter->counter = value;
}
static inline int atomic_read(const atomic_t* counter) { return counter->counter; }

/* Masks of CPUs: mm_cpumask() of an mm is the model's; another, as that of a batch, is plain. */
#define nr_cpu_ids ((unsigned int)GF_CPUS)
static inline unsigned long gf_bits(const struct cpumask* mask) {
  return gf_is_in(mask) ? gf_mask_read(gf_mm_of(mask)) : mask->bits[0];
}
static inline bool cpumask_test_cpu(int cpu, const struct cpumask* mask) {
  return gf_is_in(mask) ? gf_mask_test(gf_mm_of(mask), cpu) : mask->bits[0] >> cpu & 1;
}
static inline void cpumask_set_cpu(int cpu, struct cpumask* mask) {
  if (gf_is_in(mask)) return gf_mask_set(gf_mm_of(mask), cpu);
  mask->bits[0] |= BIT(cpu);
}
static inline void cpumask_clear_cpu(int cpu, struct cpumask* mask) {
  if (gf_is_in(mask)) return gf_mask_clear(gf_mm_of(mask), cpu);
  mask->bits[0] &= ~BIT(cpu);
}
static inline void cpumask_clear(struct cpumask* mask) { mask->bits[0] = 0; }
static inline void cpumask_copy(struct cpumask* to, const struct cpumask* from) {
  to->bits[0] = gf_bits(from);
}
static inline bool cpumask_or(struct cpumask* to, const struct cpumask* a,
                              const struct cpumask* b) {
  to->bits[0] = gf_bits(a) | gf_bits(b);
  return to->bits[0] != 0;
}
static inline bool cpumask_empty(const struct cpumask* mask) { return gf_bits(mask) == 0; }
static inline unsigned int cpumask_weight(const struct cpumask* mask) {
  return (unsigned int)__builtin_popcountl(gf_bits(mask));
}
static inline unsigned int cpumask_any_but(const struct cpumask* mask, unsigned int cpu) {
  const unsigned long others = gf_bits(mask) & ~BIT(cpu);
  return others != 0 ? (unsigned int)__builtin_ctzl(others) : nr_cpu_ids;
}
#define cpumask_first(mask) cpumask_any_but(mask, nr_cpu_ids)
/* The mask is read once, at first. */
#define for_each_cpu(cpu, mask)               \
  for (unsigned long gf_left = gf_bits(mask); \
       gf_left != 0 && ((cpu) = __builtin_ctzl(gf_left), true); gf_left &= gf_left - 1)

/* Variables of which each CPU has its own lie in one section, of which gf_own_cpu() has the CPU's
 * copy. */
#define GF_TEXT_(text) #text
#define GF_TEXT(text) GF_TEXT_(text)
#define GF_PASTE_(a, b) a##b
#define GF_PASTE(a, b) GF_PASTE_(a, b)
#define GF_CPU_SECTION GF_PASTE(gf_cpu_, GF_TREE)
#define GF_CPU_START GF_PASTE(__start_, GF_CPU_SECTION)
#define GF_CPU_STOP GF_PASTE(__stop_, GF_CPU_SECTION)
extern const char GF_CPU_START[], GF_CPU_STOP[];
#define GF_OF_CPU __attribute__((__section__(GF_TEXT(GF_CPU_SECTION))))
#define DEFINE_PER_CPU(type, name) GF_OF_CPU __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DECLARE_PER_CPU(type, name) extern GF_OF_CPU __typeof__(type) name
#define DECLARE_PER_CPU_ALIGNED(type, name) DECLARE_PER_CPU(type, name)
#define DECLARE_PER_CPU_SHARED_ALIGNED(type, name) DECLARE_PER_CPU(type, name)
#define GF_PLACE(variable) ((unsigned long)((const char*)(variable) - GF_CPU_START))
#define this_cpu_ptr(variable) ((__typeof__(variable))((char*)gf_own_cpu() + GF_PLACE(variable)))
/* What a CPU reads of its own is no step: it alone changes it. */
#define this_cpu_read(variable) (*this_cpu_ptr(&(variable)))
#define __this_cpu_read(variable) this_cpu_read(variable)
/* What it writes is, if others read it. */
static inline void gf_before_write(unsigned long place, unsigned long value); /* cpu.c */
#define this_cpu_write(variable, value)                              \
  ({                                                                 \
    __typeof__(variable) gf_value = (value);                         \
    gf_before_write(GF_PLACE(&(variable)), (unsigned long)gf_value); \
    *this_cpu_ptr(&(variable)) = gf_value;                           \
  })
#define __this_cpu_write(variable, value) this_cpu_write(variable, value)
#define this_cpu_add_return(variable, value) (*this_cpu_ptr(&(variable)) += (value))
#define this_cpu_inc_return(variable) this_cpu_add_return(variable, 1)
#define this_cpu_dec(variable) ((void)this_cpu_add_return(variable, -1))
#define this_cpu_inc(variable) ((void)this_cpu_add_return(variable, 1))
/* What it reads of another is: its loaded_mm, is_lazy, and loaded_mm_asid. */
static inline const void* gf_of_other(unsigned long place, unsigned int cpu); /* cpu.c */
#define per_cpu(variable, cpu) \
  (*(const __typeof__(variable)*)gf_of_other(GF_PLACE(&(variable)), cpu))
#define per_cpu_ptr(variable, cpu) \
  ((const __typeof__(*(variable))*)gf_of_other(GF_PLACE(variable), cpu))

#define smp_processor_id() gf_cpu_number()
#define raw_smp_processor_id() gf_cpu_number()
#define get_cpu() ((int)gf_cpu_number())
/* No thread leaves its CPU. */
#define preemptible() false
#define in_nmi() false
#define irqs_disabled() (gf_irqs_off() != 0)
#define local_irq_disable() gf_irqs(0)
#define local_irq_enable() gf_irqs(1)
#define local_irq_save(flags) \
  ((flags) = (unsigned long)gf_irqs_off(), (flags) != 0 ? (void)0 : gf_irqs(0))
#define local_irq_restore(flags) ((flags) != 0 ? (void)0 : gf_irqs(1))
#define raw_local_irq_save(flags) local_irq_save(flags)
#define raw_local_irq_restore(flags) local_irq_restore(flags)

/* Preemption is as good as off. The others are of code that nothing here runs. */
#define guard(kind) GF_GUARD_##kind
#define GF_GUARD_preempt() ((void)0)
#define GF_GUARD_irqsave() gf_assertion("guard(irqsave) where nothing is modelled")
#define GF_GUARD_raw_spinlock_irqsave(lock) gf_assertion("a raw spinlock, which is not modelled")

/* The CPU: PCID, INVPCID and global pages; no PTI. INVLPGB is a choice of the schedule. */
enum {
  X86_FEATURE_PTI,
  X86_FEATURE_INVLPGB,
  X86_FEATURE_PCID,
  X86_FEATURE_INVPCID,
  X86_FEATURE_INVPCID_SINGLE,
  X86_FEATURE_PGE,
  X86_FEATURE_OSPKE
};
#define static_cpu_has(feature)     \
  ((feature) == X86_FEATURE_INVLPGB \
       ? gf_has_invlpgb() != 0      \
       : (feature) != X86_FEATURE_PTI && (feature) != X86_FEATURE_OSPKE)
#define boot_cpu_has(feature) static_cpu_has(feature)
#define this_cpu_has(feature) static_cpu_has(feature)
#define cpu_feature_enabled(feature) static_cpu_has(feature)
struct cpuinfo_x86 {
  bool smt_active;
};
extern GF_OF_CPU struct cpuinfo_x86 cpu_info;

/* Roots stand at addresses that say whose they are: a page for each mm. */
#define __pa(address) ((unsigned long)(address))
#define __sme_pa(address) __pa(address)
#define __va(address) ((void*)(address))
#define __sme_clr(value) (value)
#define PHYSICAL_PAGE_MASK CR3_ADDR_MASK
#define __read_cr3() gf_read_cr3()
#define __native_read_cr3() gf_read_cr3()
#define read_cr3_pa() (gf_read_cr3() & CR3_ADDR_MASK)
#define write_cr3(value) gf_write_cr3(value)
#define native_write_cr3(value) gf_flush_by_cr3(value)
#define __native_write_cr3(value) gf_flush_by_cr3(value)
#ifndef GF_HAS_INVLPGB /* else it is in the tree's asm/tlb.h */
static inline void invlpg(unsigned long address) { gf_invlpg(address); }
#endif
#define cpu_relax() gf_relax()
#define invpcid_flush_all() gf_invpcid_all()
#define invpcid_flush_all_nonglobals() gf_invpcid_all()
#define invpcid_flush_one(pcid, address) gf_invlpg(address) /* only with PTI */
#define invpcid_flush_single_context(pcid) gf_invpcid_all()
#define __read_cr4() X86_CR4_PCIDE
#define native_write_cr4(value) gf_invpcid_all()
#define test_bit(bit, words) (((words)[0] >> (bit) & 1) != 0)
#define __set_bit(bit, words) ((void)((words)[0] |= BIT(bit)))

/* Time stands still, so no mask is ever trimmed, and the time to consider a global ASID never
 * comes: the model does that. */
#define jiffies 0ul
#define time_after(a, b) ((long)((b) - (a)) < 0)

static const struct task_struct gf_current = {.pid = 1};
#define current ((struct task_struct*)&gf_current)

/* Without paravirtualization, or with it and on bare metal. */
#ifdef CONFIG_PARAVIRT
struct flush_tlb_info;
void native_flush_tlb_local(void);
void native_flush_tlb_global(void);
void native_flush_tlb_one_user(unsigned long address);
void native_flush_tlb_multi(const struct cpumask* mask, const struct flush_tlb_info* info);
#define __flush_tlb_local native_flush_tlb_local
#define __flush_tlb_global native_flush_tlb_global
#define __flush_tlb_one_user(address) native_flush_tlb_one_user(address)
#define __flush_tlb_multi(mask, info) native_flush_tlb_multi(mask, info)
#endif

/* kernel/smp.c is the model's (cpu.c): an IPI is a delivery. */
typedef void (*smp_call_func_t)(void* info);
typedef bool (*smp_cond_func_t)(int cpu, void* info);
static void gf_on_cpus(const struct cpumask* mask, smp_call_func_t call, void* info,
                       smp_cond_func_t should, int wait);
#define on_each_cpu_mask(mask, call, info, wait) gf_on_cpus(mask, call, info, 0, wait)
#define on_each_cpu_cond_mask(should, call, info, wait, mask) \
  gf_on_cpus(mask, call, info, should, wait)
static inline void on_each_cpu(smp_call_func_t call, void* info, int wait) {
  const struct cpumask all = {{(1ul << GF_CPUS) - 1}};
  gf_on_cpus(&all, call, info, 0, wait);
}
#define smp_call_function_many(mask, call, info, wait) gf_on_cpus(mask, call, info, 0, wait)

#define mm_untag_mask(mm) (~0ul)

#endif
