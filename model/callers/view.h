// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The kernel's memory as a view of World: page tables, the count, VMAs.
//
// The kernel's tables have 512 entries, of which the model's four are the first; the root's begin
// behind some that are never used. A table lies in the frame of its number. Above the root, and for
// tables that are not linked yet, there are frames that World does not know.
#ifndef GATHERFUZZ_MODEL_CALLERS_VIEW_H_
#define GATHERFUZZ_MODEL_CALLERS_VIEW_H_

#include <cstdint>
#include <optional>

#include "model/callers/room.h"

namespace gatherfuzz {

// Once for the process, before all else: maps the kernel's memory and has the tree's side set up.
void BootKernel();

// Writes the kernel's memory anew, as the thread of `room` finds it.
void ShowWorld(const Room& room);

// Which entry of World that address is, if it is that of a table which is linked.
std::optional<EntryPlace> EntryPlaceAt(const Room& room, uintptr_t address);
// Which pages a table is for, if it is linked.
std::optional<PageRange> SpanOf(const Room& room, FrameId table);
// Kernel code has written `value` there: it is so in World, too. A leaf or a table was put there or
// taken away.
void TakeOver(Room& room, const EntryPlace& at, uint64_t value);

// The page that an address is in, and the first that begins there or behind it; kPages behind the
// last. A page that is the first under its PMD entry has the addresses before it as well.
int PageAt(uint64_t address);
int PageBehind(uint64_t address);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_CALLERS_VIEW_H_
