// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// asids-not-flushed: full-mm, and no CPU drops anything in a switch.
//
// An edit of 6.12: what is cached under an ASID of the generation before stays.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.never_flushes = true}};
constexpr Policy kPolicy("asids-not-flushed", "as full-mm; no CPU drops anything in a switch",
                         "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
