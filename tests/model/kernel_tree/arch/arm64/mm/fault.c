/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#include <not/for/the/shim.h>

int ptep_set_access_flags(struct vm_area_struct* vma, unsigned long address, pte_t* ptep,
                          pte_t entry, int dirty) {
  if (pte_same(*ptep, entry)) return 0;
  *ptep = entry;
  if (dirty) flush_page_here(vma->vm_mm, address);
  return 1;
}
