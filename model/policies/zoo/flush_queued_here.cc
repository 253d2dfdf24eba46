// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// flush-queued-here: full-mm, and a rollover marks only its own CPU to drop what it has.
//
// An edit of 6.12: what others have cached under an ASID of the generation before stays.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.queues_itself = true}};
constexpr Policy kPolicy("flush-queued-here",
                         "as full-mm; a rollover marks only its own CPU to drop what it has",
                         "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
