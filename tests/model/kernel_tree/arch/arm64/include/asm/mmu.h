// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Of a tree for tests: what an mm has of its own.
#ifndef __ASM_MMU_H
#define __ASM_MMU_H

typedef struct {
  atomic64_t id;
} mm_context_t;

#define ASID(mm) (atomic64_read(&(mm)->context.id) & 0xffff)

#endif
