// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// asid-looked-once: full-mm, and what was read without the lock is not read again under it.
//
// An edit of 6.12: two CPUs that switch to an mm at a time give it two ASIDs, of which a TLBI
// names one.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.looks_once = true}};
constexpr Policy kPolicy("asid-looked-once",
                         "as full-mm; what was read without the lock is not read again under it",
                         "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
