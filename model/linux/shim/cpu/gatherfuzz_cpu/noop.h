/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * No-op: what the model has no use for. Mitigations, the LDT, performance counters, tracing,
 * statistics, debugfs, secondary TLBs. Barriers are here because steps are sequentially consistent.
 */
#ifndef GATHERFUZZ_CPU_NOOP_H_
#define GATHERFUZZ_CPU_NOOP_H_

#define barrier() ((void)0)
#define smp_mb() ((void)0)
#define smp_rmb() ((void)0)
#define smp_wmb() ((void)0)
#define trace_tlb_flush(reason, pages) ((void)(reason), (void)(pages))
#define count_vm_tlb_event(event) ((void)0)
#define count_vm_tlb_events(event, count) ((void)(count))
#define inc_irq_stat(field) ((void)0)
#define mmu_notifier_arch_invalidate_secondary_tlbs(mm, start, end) ((void)0)
#define paravirt_enter_mmap(mm) ((void)0)
#define paravirt_arch_exit_mmap(mm) ((void)0)
#define paravirt_arch_dup_mmap(old, mm) ((void)0)
#define shstk_free(task) ((void)0)
#define load_gs_index(selector) ((void)0)
#define loadsegment(segment, value) ((void)0)
#define clear_LDT() ((void)0)
#define init_rwsem(lock) ((void)0)
#define mutex_init(lock) ((void)0)
#define init_mm_pkeys(mm) ((void)0)
#define DEBUG_LOCKS_WARN_ON(condition) ((void)(condition))
#define force_sig(signal) ((void)0)
#define wrmsrl(msr, value) ((void)0)
#define wrmsrq(msr, value) ((void)0)
#define indirect_branch_prediction_barrier() ((void)0)
#define clear_ti_thread_flag(info, flag) ((void)0)
#define task_work_add(task, work, mode) ((void)0)
#define read_task_thread_flags(task) ((task)->thread_info.flags)
#define perf_clear_dirty_counters() ((void)0)
#define preempt_disable() ((void)0)
#define preempt_enable() ((void)0)
#define put_cpu() ((void)0)
#define cond_resched() ((void)0)
#define vma_is_foreign(vma) false
#define vma_pkey(vma) 0
#define __pkru_allows_pkey(pkey, write) true

/* Keys are off. */
struct static_key_false {
  bool on;
};
#define DECLARE_STATIC_KEY_FALSE(name) extern const struct static_key_false name
#define DEFINE_STATIC_KEY_FALSE(name) const struct static_key_false name = {false}
#define static_branch_likely(key) ((key)->on)
#define static_branch_unlikely(key) ((key)->on)
static const struct static_key_false switch_mm_cond_ibpb, switch_mm_always_ibpb,
    switch_mm_cond_l1d_flush, rdpmc_never_available_key, rdpmc_always_available_key;

/* The allocator of global ASIDs (6.15 and later): compiled, and never used. */
#define cant_migrate() ((void)0)
#define DEFINE_RAW_SPINLOCK(name) const int name = 0
#define lockdep_assert_held(lock) ((void)(lock))
#define lockdep_assert_preemption_disabled() ((void)0)
#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + 63) / 64]
#define bitmap_andnot(to, a, b, bits) ((void)0)
#define bitmap_clear(map, first, bits) ((void)0)
#define find_next_zero_bit(map, bits, from) (from)
#define set_bit(bit, words) __set_bit(bit, words)
#define clamp_val(value, low, high) ((value) < (low) ? (low) : (value) > (high) ? (high) : (value))
/* Of temporary mms. */
#define hw_breakpoint_active() false
#define hw_breakpoint_disable() ((void)0)
#define hw_breakpoint_restore() ((void)0)

/* The file in debugfs is compiled and never read or written. */
static struct dentry* const arch_debugfs_dir = 0;
#define debugfs_create_file(name, mode, folder, data, operations) ((void)(operations))
#define sprintf(buffer, ...) ((void)(buffer), 0)
#define simple_read_from_buffer(to, count, at, from, length) ((void)(from), (ssize_t)0)
#define copy_from_user(to, from, length) ((void)(to), 1ul)
#define kstrtoint(text, base, value) ((void)(text), *(value) = 0)
#define default_llseek 0

#endif
