// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// force-levels: since one cannot tell what should have been flushed, flushes everything in the
// given range: every level, tables included.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class ForceLevels final : public Protocol51 {
 protected:
  void Finishing(const Thread& t) const override {
    MmuGather& gather = t.gather();
    if (!FlushNested(t) || gather.fullmm) return;
    gather.start = gather.caller_start;
    gather.end = gather.caller_end;
    gather.freed_tables = 1;
    gather.cleared_ptes = gather.cleared_pmds = gather.cleared_puds = 1;
  }
};

const ForceLevels kProtocol{};
constexpr Policy kPolicy("force-levels",
                         "the caller's range, with freed_tables and every cleared bit set",
                         "the lines put in in the mail, 9 May 2019", kProtocol,
                         {.safe_on = "x86 arm64 riscv",
                          .recalls = false,
                          .loads = {WhenLoaded::kInFinish, WhenLoaded::kNever}});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
