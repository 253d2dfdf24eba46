// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// told-before-raise: full-mm, and whom to tell is looked up before tlb_gen is raised.
//
// An edit of 6.12: a CPU that joins in between is not told, and reads the old tlb_gen.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.looks_before_raise = true}};
constexpr Policy kPolicy("told-before-raise",
                         "as full-mm; whom to tell is looked up before tlb_gen is raised",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
