// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// root-not-reserved: full-mm, and TTBR0 is not emptied while TTBR1 is written.
//
// An edit of 6.12: in between the hardware caches what is of the old mm under the new ASID.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.no_reserved_root = true}};
constexpr Policy kPolicy("root-not-reserved",
                         "as full-mm; TTBR0 is not emptied while TTBR1 is written",
                         "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
