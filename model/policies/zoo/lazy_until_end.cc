// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// lazy-until-end: full-mm, and is_lazy is cleared last, behind the look at tlb_gen.
//
// An edit of 6.12: behind its look at tlb_gen the CPU is still passed over.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.lazy_until_end = true}};
constexpr Policy kPolicy("lazy-until-end",
                         "as full-mm; is_lazy is cleared last, behind the look at tlb_gen",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
