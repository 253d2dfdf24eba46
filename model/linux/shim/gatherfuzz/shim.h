/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What stands in for the kernel's headers when a tree's mm/mmu_gather.c is compiled. Every header
 * listed in `headers` is this one. Written from the interface; no line is the kernel's.
 *
 * Three files, by how far to trust them: declared.h has the names and layouts that the protocol
 * only passes around; noop.h what does nothing here, because the model lacks it; changed.h what
 * behaves otherwise than in a kernel, sizes first. Then come the helpers of
 * tlb_flush_pending, which are cut out of the tree itself (compile_tree).
 */
#ifndef GATHERFUZZ_SHIM_H_
#define GATHERFUZZ_SHIM_H_

#include "model/linux/facade.h"

#include <gatherfuzz/declared.h>

#include <gatherfuzz/noop.h>

#include <gatherfuzz/changed.h>

#include <gatherfuzz/counter.h> /* cut out of the tree */

#endif
