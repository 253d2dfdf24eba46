// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// zero-swapped: full-mm, and a CPU takes an ASID without the lock though a rollover took its own.
//
// An edit of 6.12: the swap of 0 fails, as it tells, and has been made; the next rollover then
// reserves what does not run yet, in the place of what does.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.swaps_zero = true}};
constexpr Policy kPolicy(
    "zero-swapped",
    "as full-mm; a CPU takes an ASID without the lock though a rollover took its own",
    "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
