// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// asid-before-clear: full-mm, and the ASID of a TLBI is read before the PTE is cleared.
//
// Z45 in shape: before 5e10f9887ed8 (5.15) the ASID was read before the DSB behind which the
// cleared PTE is seen; here the read comes before the clear itself. Only where reclaim unmaps: a
// call runs on a CPU that keeps the ASID.
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.reads_first = true}};
constexpr Policy kPolicy("asid-before-clear",
                         "as full-mm; the ASID of a TLBI is read before the PTE is cleared", "Z45",
                         kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
