// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// pfn-not-flushed: full-mm, and what is unmapped of a PFN map is flushed as the gather ends, when
// its owner does not find the VMA any more. Z20, up to 5.18.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class PfnNotFlushed final : public GatherProtocol {
 public:
  bool FlushesPfnMaps() const override { return false; }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const PfnNotFlushed kProtocol{};
constexpr Policy kPolicy("pfn-not-flushed",
                         "as full-mm; PFN maps are unlinked before they are flushed", "Z20",
                         kProtocol, {.group = PolicyGroup::kVariant, .base = "full-mm"});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
