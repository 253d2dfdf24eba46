// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reserved-forgotten: full-mm, and a second rollover forgets what the first one reserved.
//
// An edit of 6.12: a CPU that has not switched since the first rollover has no ASID any more,
// though it runs with one.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.drops_reserved = true}};
constexpr Policy kPolicy("reserved-forgotten",
                         "as full-mm; a second rollover forgets what the first one reserved",
                         "an edit of 6.12", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
