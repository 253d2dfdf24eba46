// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// generation-zero-old: full-mm, and a flush without a generation is taken for an old one.
//
// Z42: until 8f1d56f64f8d (6.0) the flush of a batch, which has no generation, was
// compared like any other. It takes reclaim.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.zero_is_old = true}};
constexpr Policy kPolicy("generation-zero-old",
                         "as full-mm; a flush without a generation is taken for an old one", "Z42",
                         kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
