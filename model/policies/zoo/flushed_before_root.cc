// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// flushed-before-root: full-mm, and riscv drops what a rollover has queued before it loads the
// ASID.
//
// S11: set_mm_asid() of 6.1 to 7.1 writes SATP first, so for a moment what is cached under an ASID
// that is used again is loaded, pointers to page tables that are freed among that. Here it is as in
// arm64's check_and_switch_context().
#include "model/policies/zoo/asids.h"

namespace gatherfuzz {
namespace {

const FullMmAsids kProtocol{{.flushes_first = true}};
constexpr Policy kPolicy("flushed-before-root",
                         "as full-mm; riscv drops what a rollover has queued before it writes SATP",
                         "S11", kProtocol, kAsidTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
