/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#include <not/for/the/shim.h> /* only the helpers are cut out */

static inline void inc_tlb_flush_pending(struct mm_struct* mm) {
  atomic_inc(&mm->tlb_flush_pending);
}

static inline void dec_tlb_flush_pending(struct mm_struct* mm) {
  atomic_dec(&mm->tlb_flush_pending);
}

static inline bool mm_tlb_flush_pending(struct mm_struct* mm) {
  return atomic_read(&mm->tlb_flush_pending) != 0;
}

static inline bool mm_tlb_flush_nested(struct mm_struct* mm) {
  return atomic_read(&mm->tlb_flush_pending) >= 2;
}
