/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What stands in for the kernel's headers when a tree's arch/x86/mm/tlb.c is compiled. Every header
 * listed in `headers` is this one. Written from the interface; no line is the kernel's.
 *
 * Three files, by how far to trust them, as for the gather (../gatherfuzz/shim.h).
 */
#ifndef GATHERFUZZ_CPU_SHIM_H_
#define GATHERFUZZ_CPU_SHIM_H_

#include "model/linux/facade.h"

#include <gatherfuzz_cpu/declared.h>

#include <gatherfuzz_cpu/noop.h>

#include <gatherfuzz_cpu/changed.h>

#include <asm/tlbbatch.h> /* the tree's */

#endif
