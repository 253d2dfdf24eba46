// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// generation-before-mask: full-mm, and tlb_gen is read before the CPU joins mm_cpumask().
//
// An edit of 6.12: who raises tlb_gen in between finds nobody to tell.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.reads_before_mask = true}};
constexpr Policy kPolicy("generation-before-mask",
                         "as full-mm; tlb_gen is read before the CPU joins mm_cpumask()",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
