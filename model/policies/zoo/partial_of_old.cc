// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// partial-of-old: full-mm, and a range is flushed alone although there are newer ones.
//
// An edit of 6.12: the test for mm_tlb_gen is gone, and the CPU takes itself to be as
// new as that.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.partial_of_old = true}};
constexpr Policy kPolicy("partial-of-old",
                         "as full-mm; a range is flushed alone although there are newer ones",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
