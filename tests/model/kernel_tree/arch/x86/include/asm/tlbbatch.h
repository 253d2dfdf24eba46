/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
struct arch_tlbflush_unmap_batch {
  struct cpumask cpumask;
};
