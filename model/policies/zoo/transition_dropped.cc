// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// transition-dropped: full-mm, and a flush by INVLPGB does not look for CPUs that have the mm
// loaded under another ASID.
//
// An edit of broadcast_tlb_flush() (6.18). Needs hardware invlpgb.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.transition_not_finished = true}};
constexpr Policy kPolicy("transition-dropped",
                         "as full-mm; no CPU is made to load the global ASID of its mm",
                         "an edit of 6.18", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
