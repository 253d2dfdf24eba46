// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reserved-once: full-mm, and of CPUs that reserve one ASID only the first learns its generation.
//
// An edit of 6.12: the next rollover finds the old generation with the other CPU, and no mm that
// has it.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.updates_one = true}};
constexpr Policy kPolicy(
    "reserved-once",
    "as full-mm; of CPUs that reserve one ASID only the first learns its generation",
    "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
