// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// root-before-mask: full-mm, and CR3 is written before the CPU joins mm_cpumask().
//
// Z39 in shape: 71b3c126e611 (4.5, CVE-2016-2069) is about the order of the two as
// memory has it; here they change places.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.root_before_mask = true}};
constexpr Policy kPolicy("root-before-mask",
                         "as full-mm; CR3 is written before the CPU joins mm_cpumask()", "Z39",
                         kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
