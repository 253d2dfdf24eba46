// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Of a tree for tests: what an mm has of its own.
#ifndef _ASM_RISCV_MMU_H
#define _ASM_RISCV_MMU_H

typedef struct {
  atomic_long_t id;
} mm_context_t;

#define cntx2asid(id) ((id) & SATP_ASID_MASK)

#endif
