// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// generation-too-high: full-mm, and a CPU takes itself to be one generation further.
//
// An edit of 6.12: the next flush is an old one to it.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.catches_up_too_far = true}};
constexpr Policy kPolicy("generation-too-high",
                         "as full-mm; a CPU takes itself to be one generation further",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
