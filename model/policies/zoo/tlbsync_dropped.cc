// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// tlbsync-dropped: full-mm, and nobody waits until an INVLPGB has done what it is for.
//
// An edit of broadcast_tlb_flush() (6.18). Needs hardware invlpgb.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.not_synced = true}};
constexpr Policy kPolicy("tlbsync-dropped", "as full-mm; no TLBSYNC behind an INVLPGB",
                         "an edit of 6.18", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
