// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// root-before-asid: full-mm, and TTBR0 is written before TTBR1.
//
// An edit of 6.12: in between the hardware caches what is of the new mm under the old ASID.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.root_before_asid = true}};
constexpr Policy kPolicy("root-before-asid", "as full-mm; TTBR0 is written before TTBR1",
                         "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
