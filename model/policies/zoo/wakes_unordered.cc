// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// wakes-unordered: full-mm, and no barrier follows is_lazy on leaving lazy mode.
//
// An edit of 6.12: smp_mb() is left out, so tlb_gen may be read before others see that the CPU is
// not lazy any more. It takes memory tso.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.wakes_unordered = true}};
constexpr Policy kPolicy("wakes-unordered",
                         "as full-mm; no barrier follows is_lazy on leaving lazy mode",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
