// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// own-cpu-not-flushed: full-mm, and the CPU that flushes does not flush itself.
//
// An edit of 6.12: no local flush.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.skips_itself = true}};
constexpr Policy kPolicy("own-cpu-not-flushed",
                         "as full-mm; the CPU that flushes does not flush itself",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
