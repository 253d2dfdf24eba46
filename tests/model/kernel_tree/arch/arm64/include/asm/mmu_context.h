// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Of a tree for tests: what it takes to load page tables.
#ifndef __ASM_MMU_CONTEXT_H
#define __ASM_MMU_CONTEXT_H

static inline void cpu_set_reserved_ttbr0(void) {
  write_sysreg(phys_to_ttbr(__pa_symbol(reserved_pg_dir)), ttbr0_el1);
  isb();
}

void check_and_switch_context(struct mm_struct* mm);

#endif
