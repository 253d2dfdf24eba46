// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Of a tree for tests: what it takes to go to another mm.
#ifndef _ASM_RISCV_MMU_CONTEXT_H
#define _ASM_RISCV_MMU_CONTEXT_H

void switch_mm(struct mm_struct* prev, struct mm_struct* next, struct task_struct* task);

#endif
