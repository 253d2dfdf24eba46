// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// slot-reused-blindly: full-mm, and a slot that has the mm is taken for up to date.
//
// An edit of 6.12: what was flushed while another mm was loaded stays under the slot.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.reuses_blindly = true}};
constexpr Policy kPolicy("slot-reused-blindly",
                         "as full-mm; a slot that has the mm is taken for up to date",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
