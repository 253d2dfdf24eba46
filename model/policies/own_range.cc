// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// own-range: finish does not care about others. Before 4.13 there was no count to care with; the
// base class keeps one all the same, so that other agents can read it.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class OwnRange final : public Protocol51 {
 protected:
  void Finishing(const Thread&) const override {}
};

const OwnRange kProtocol{};
constexpr Policy kPolicy("own-range", "nothing: flushes what this gather recorded", "before 4.13",
                         kProtocol,
                         {.recalls = false, .loads = {WhenLoaded::kNever, WhenLoaded::kNever}});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
