// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a call into a kernel's callers knows beside World, and how its steps are made.
//
// A Room lies on the stack of the call, as the kernel's own variables do, so going back in an
// exploration puts it back with them. The kernel's memory is one for the process (facade.h): it is
// in use by one thread at a time, from the end of one of its steps to the beginning of the next, as
// a Hook says, and is written anew from World where that begins. Nothing of it is read later, but
// what the thread itself has just written to an entry, which World gets as the next hook begins.
#ifndef GATHERFUZZ_MODEL_CALLERS_ROOM_H_
#define GATHERFUZZ_MODEL_CALLERS_ROOM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/kernel/ops.h"
#include "model/system.h"

// Of a function that kernel code calls, whose stack is aligned to 8 bytes only.
#define GATHERFUZZ_FROM_KERNEL __attribute__((force_align_arg_pointer, noinline))

namespace gatherfuzz {

// An entry of a page table, as kernel code touches it.
struct EntryPlace {
  FrameId table{};
  int page = 0;  // the first that it is for
  const uint64_t* memory = nullptr;
};

struct Room {
  const Thread* thread = nullptr;
  const Op* op = nullptr;
  const void* tlb = nullptr;  // struct mmu_gather, from the end of its begin to that of its finish
  // What the code is about to write, or has written since the last hook: World gets it as the next
  // one begins. No memory: nothing. `counts`: the same of tlb_flush_pending, which World has
  // already.
  EntryPlace written;
  bool counts = false;
  // The page whose leaf it has just read; -1: it did something else. Whether the step pte_clear of
  // that has been made, where the code might have stopped in its place.
  int reads = -1;
  bool cleared_already = false;
  // VMAs that were taken out of the mm, and are found in place of those in it: as they were before,
  // within a range.
  bool has_taken = false;
  Mm taken{};
  PageRange taken_range;
  // How far the call has come in its range, the last page whose PTE it has touched, and how far
  // away it moves pages.
  int at = 0;
  int last_page = 0;
  int by = 0;
  bool moved = false;  // a move has come to its copy of the VMA
  bool frees_tables = false;
  uint8_t spares = 0;  // page tables that were allocated and not linked yet
  alignas(16) std::array<std::byte, 32 + sizeof(void*) * (kMaxTables + 4)> table_batch;

  const Thread& t() const { return *thread; }
  World& world() const { return thread->world(); }
  bool does(unsigned effects) const { return Info(op->kind).is(effects); }
  bool moves() const { return does(effect::kMoves); }
  // What the VMAs are that the call finds.
  PageRange VmaAround(int page) const;
  // The first part of the call's range that is in one VMA and ends behind `page`.
  PageRange PieceBehind(int page) const;
  // What the call wants of `pages` pages from `first` on: from where it has come to in its range,
  // or, if `here` is false, at the place to which it moves that. Empty: nothing.
  struct Wanted {
    PageRange range;
    bool here = true;
  };
  Wanted WantedOf(int first, int pages) const;
  // Notes `last_page`, or of the other place of a move what it is there.
  void TouchesPte(int page) { last_page = op->range.contains(page) ? page : page - by; }
};

// The one whose kernel code runs, or ran last. Read and written with the kernel's memory in use.
extern Room* current_room_of_callers;

// Kernel code runs, from here to the end of the block, but for its hooks.
class KernelCode {
 public:
  explicit KernelCode(Room& room);
  ~KernelCode();
  KernelCode(const KernelCode&) = delete;
  KernelCode& operator=(const KernelCode&) = delete;

 private:
  Room& room_;
};

// A hook: to its end the model runs, which may make steps, and end the run. What the kernel's code
// has done is in World by then; what others have done meanwhile, in the kernel's memory afterwards.
class Hook {
 public:
  Hook();
  ~Hook();
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;

  Room& room() { return room_; }
  const Thread& t() { return room_.t(); }
  void Report(const char* what);

 private:
  Room& room_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_CALLERS_ROOM_H_
