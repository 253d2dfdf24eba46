/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What stands in for the kernel's headers when a tree's arch/arm64/mm/context.c is compiled. Every
 * header listed in `headers` is this one. Written from the interface; no line is the kernel's.
 *
 * Two files, by how far to trust them, as for the gather (../gatherfuzz/shim.h).
 */
#ifndef GATHERFUZZ_ASIDS_SHIM_H_
#define GATHERFUZZ_ASIDS_SHIM_H_

#include "model/linux/facade.h"

#include <gatherfuzz_asids/declared.h>

#include <gatherfuzz_asids/changed.h>

#endif
