// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// raised-unordered: full-mm, and tlb_gen is raised by a plain store.
//
// Z39 as it was: 71b3c126e611 (4.5, CVE-2016-2069). Nothing ordered the look at mm_cpumask() behind
// the change of the tables, while a CPU set its bit there and began to walk them. Here what orders
// the two is inc_mm_tlb_gen(). It takes memory tso.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.raises_unordered = true}};
constexpr Policy kPolicy("raised-unordered", "as full-mm; tlb_gen is raised by a plain store",
                         "Z39", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
