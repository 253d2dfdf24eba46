// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// switching-not-told: full-mm, and a CPU in the middle of a switch gets no IPI.
//
// Z43: until fea4e317f9e7 (6.15, and stable kernels) only loaded_mm was compared, which
// is LOADED_MM_SWITCHING while the CPU goes from one mm to the other.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.trusts_loaded_mm = true}};
constexpr Policy kPolicy("switching-not-told",
                         "as full-mm; a CPU in the middle of a switch gets no IPI", "Z43",
                         kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
