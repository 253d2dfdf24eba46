// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// generation-not-matched: full-mm, and an ASID of an older generation is taken without the lock.
//
// An edit of 6.12: another mm may have it by now.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.any_generation = true}};
constexpr Policy kPolicy("generation-not-matched",
                         "as full-mm; an ASID of an older generation is taken without the lock",
                         "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
