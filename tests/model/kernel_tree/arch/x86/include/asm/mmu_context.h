/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
void switch_mm_irqs_off(struct mm_struct* prev, struct mm_struct* next, struct task_struct* task);
void enter_lazy_tlb(struct mm_struct* mm, struct task_struct* task);
