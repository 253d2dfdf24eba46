// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// partial-of-any: full-mm, and a range is flushed alone although others were missed.
//
// An edit of 6.12: the test for local_tlb_gen + 1 is gone, so a flush that overtakes
// another makes the CPU forget that one.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.partial_of_any = true}};
constexpr Policy kPolicy("partial-of-any",
                         "as full-mm; a range is flushed alone although others were missed",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
