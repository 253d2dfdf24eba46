// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// tables-at-once: full-mm, and page tables are freed at once, without RCU.
//
// 6.12 and before, where nothing selects MMU_GATHER_RCU_TABLE_FREE: between its bit in
// mm_cpumask() and CR3 a CPU gets no IPI and may still walk. A hypothesis (docs/suspicions.md).
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.frees_tables_at_once = true}};
constexpr Policy kPolicy("tables-at-once", "as full-mm; page tables are freed at once, without RCU",
                         "6.12 without CONFIG_PARAVIRT", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
