// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// joined-unordered: full-mm, and a CPU in the mask already has no barrier before tlb_gen.
//
// Z51: 83b0177a6c48 (6.18), of 209954cbc7d0 (6.14). The bit that stays in mm_cpumask() saves the
// atomic that sets it, and with that the barrier between the store of loaded_mm and the load of
// tlb_gen. It takes kernel 6.17, under which bits stay, and memory tso.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.joined_unordered = true}};
constexpr Policy kPolicy("joined-unordered",
                         "as full-mm; a CPU in the mask already has no barrier before tlb_gen",
                         "Z51", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
