/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#pragma once
#include <not/for/the/shim.h>

#define flush_tlb_fix_spurious_fault(vma, address, ptep) flush_page_here((vma)->vm_mm, address)
