// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// active-stored: full-mm, and active_asids is stored, not compared and swapped.
//
// An edit of 6.12: a rollover between the look and the store does not see that the ASID is taken.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.stores_active = true}};
constexpr Policy kPolicy("active-stored",
                         "as full-mm; active_asids is stored, not compared and swapped",
                         "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
