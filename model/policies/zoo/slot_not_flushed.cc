// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// slot-not-flushed: full-mm, and a slot that had another mm is not flushed.
//
// An edit of 6.12: one mm runs with what is cached of another.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.new_slot_unflushed = true}};
constexpr Policy kPolicy("slot-not-flushed",
                         "as full-mm; a slot that had another mm is not flushed", "an edit of 6.12",
                         kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
