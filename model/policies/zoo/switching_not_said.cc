// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// switching-not-said: full-mm, and a switch does not store LOADED_MM_SWITCHING.
//
// An edit of 6.12: loaded_mm is the old mm until the switch is over.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.hides_switching = true}};
constexpr Policy kPolicy("switching-not-said",
                         "as full-mm; a switch does not store LOADED_MM_SWITCHING",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
