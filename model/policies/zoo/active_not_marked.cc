// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// active-not-marked: full-mm, and active_asids is not set under the lock.
//
// An edit of 6.12: a rollover does not see that the ASID is taken.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.active_not_marked = true}};
constexpr Policy kPolicy("active-not-marked", "as full-mm; active_asids is not set under the lock",
                         "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
