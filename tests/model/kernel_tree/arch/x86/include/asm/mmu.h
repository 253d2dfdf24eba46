/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
typedef struct {
  u64 ctx_id;
  atomic64_t tlb_gen;
} mm_context_t;
