// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// lazy-before-global: full-mm, and a lazy CPU that is told of a flush leaves for init_mm, whether
// or not it has the global ASID of the mm loaded.
//
// Z61: the order of "x86/mm: fix race between flush_tlb_func and idle task leave_mm" (May 2025).
// 6.18 and 7.1 ask in the other order: the CPU loads the global ASID, and is not lazy any more,
// though a kernel thread runs. Needs hardware invlpgb.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.lazy_before_global = true}};
constexpr Policy kPolicy("lazy-before-global",
                         "as full-mm; a CPU that is told asks if it is lazy before its global ASID",
                         "Z61", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
