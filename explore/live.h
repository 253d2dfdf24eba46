// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What of a state somebody may yet read: what nobody can is not written (key.h).
//
// Who reads what the hardware holds: a TLB entry, the accesses of its CPU, and the oracle, as a
// call with the page in its range frees it or returns; a pointer to a table, walks of its CPU, and
// the oracle, as a munmap frees the table; of an entry the bits A and D, MADV_FREE and writes. Who
// may yet do that is said by future.h. Besides, as long as a CPU's walker has fills left, it looks
// at what it evicts.
// Of a finish that waits, which gathers were live then decides nothing if too few calls can
// overtake it. Exact for an orderly machine: a frame is freed by a call that has its page, or one
// it was moved from or to (Futures::WithMoved()), and nothing refers to one that is free. Where
// violations that break that are ignored, or a policy looks at the hardware itself (peeks), all
// counts. A and D count under a foreign policy, and where the hardware does not set them.
#ifndef GATHERFUZZ_EXPLORE_LIVE_H_
#define GATHERFUZZ_EXPLORE_LIVE_H_

#include <array>
#include <cstdint>

#include "explore/future.h"
#include "explore/stepper.h"

namespace gatherfuzz {

// Of one CPU, as masks: pages and blocks of TLB entries, prefixes of pointers to tables.
struct LiveOfCpu {
  uint64_t small = ~uint64_t{0};
  uint16_t huge = 0xffff;
  uint16_t pte_tables = 0xffff;
  uint8_t pmd_tables = 0xf;
};

class Live {
 public:
  Live() = default;  // all
  explicit Live(const Stepper& stepper);

  const LiveOfCpu& operator[](CpuId cpu) const { return cpus_[static_cast<size_t>(Index(cpu))]; }
  // Whether the finish of `cpu`, while it waits, may yet be judged for starvation: so many calls
  // may yet overtake it.
  bool starves(CpuId cpu) const { return (starves_ >> Index(cpu) & 1) != 0; }
  // Pages whose call with MADV_FREE compares mappings, and looks at A and D.
  uint64_t cleans() const { return cleans_; }
  // Pages that are written to, for whose sake D counts.
  uint64_t writes() const { return writes_; }

 private:
  std::array<LiveOfCpu, kMaxCpus> cpus_;
  uint8_t starves_ = 0xff;
  uint64_t cleans_ = ~uint64_t{0}, writes_ = ~uint64_t{0};
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_LIVE_H_
