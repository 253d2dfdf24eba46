// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// lazy-skipped: full-mm, and lazy CPUs get no IPI, also if page tables were freed.
//
// Z41: the rework of 2018 that was reverted (52a288c73681). A lazy CPU runs no user
// code, but its hardware may walk.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.skips_lazy_always = true}};
constexpr Policy kPolicy("lazy-skipped",
                         "as full-mm; lazy CPUs get no IPI, also if page tables were freed", "Z41",
                         kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
