// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// lazy-untouched: full-mm, and a lazy CPU that gets an IPI does nothing.
//
// Z40: until b956575bed91 (4.14) a lazy CPU left its flush for later, and walked on
// through page tables that were freed.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.lazy_stays = true}};
constexpr Policy kPolicy("lazy-untouched", "as full-mm; a lazy CPU that gets an IPI does nothing",
                         "Z40", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
