// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// switch-not-awaited: full-mm, and a CPU in the middle of a switch is taken for one that has not
// the mm loaded, where a flush looks for those that have it under another ASID.
//
// An edit of finish_asid_transition() (6.18). Needs hardware invlpgb.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.switch_not_awaited = true}};
constexpr Policy kPolicy("switch-not-awaited",
                         "as full-mm; who looks for other ASIDs does not wait for a switch",
                         "an edit of 6.18", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
