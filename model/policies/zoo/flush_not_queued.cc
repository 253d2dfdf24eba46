// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// flush-not-queued: full-mm, and a rollover marks no CPU to drop what it has.
//
// An edit of 6.12: what is cached under an ASID of the generation before stays.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.queues_no_flush = true}};
constexpr Policy kPolicy("flush-not-queued",
                         "as full-mm; a rollover marks no CPU to drop what it has",
                         "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
