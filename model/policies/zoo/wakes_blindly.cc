// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// wakes-blindly: full-mm, and a lazy CPU goes on without a look at tlb_gen.
//
// An edit of 6.12: what a lazy CPU was not told of it does not catch up with.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.wakes_blindly = true}};
constexpr Policy kPolicy("wakes-blindly",
                         "as full-mm; a lazy CPU goes on without a look at tlb_gen",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
