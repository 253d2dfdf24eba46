// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// TLBI operations as arm64 code of a kernel issues them: what an operand names.
//
// Faithful: the fields of the operands of 4 KiB pages by address and by range (H5, H6); an operand
// for another ASID or another granule names nothing of this address space. A level of 0, or of no
// granule, is no hint. Pages the model does not have are left out.
#ifndef GATHERFUZZ_MODEL_LINUX_TLBI_H_
#define GATHERFUZZ_MODEL_LINUX_TLBI_H_

#include <cstdint>

#include "model/linux/facade.h"
#include "model/machine/world.h"

namespace gatherfuzz {

struct Tlbi {
  bool whole = false;
  PageRange pages;  // empty: nothing
  bool last_level = false;
  uint8_t level_hint = 0;  // 1 + level, or 0
};
Tlbi DecodeTlbi(gf_tlbi_op op, uint64_t operand);
// Whether it is of the CPU that issues it, and of no other.
bool IsLocal(gf_tlbi_op op);

// The operations since the last barrier, as one request. They are issued together, at the barrier:
// each could be delivered before the next is issued, which only drops entries sooner.
class TlbiBatch {
 public:
  void Add(const Tlbi& op);
  bool empty() const { return !any_; }
  // Hands the request over, and begins anew.
  Invalidation Take();

 private:
  bool any_ = false;
  int last_page_ = -1;
  Invalidation request_{};
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_LINUX_TLBI_H_
