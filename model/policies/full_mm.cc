// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// full-mm: flushes the whole address space, tables included. What the kernel does since 5.2, with
// the skip test it has since 5.6.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class FullMm final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (!FlushNested(t)) return;
    t.gather().fullmm = 1;
    ResetRange(t.gather());
    t.gather().freed_tables = 1;
  }
};

const FullMm kProtocol{};
constexpr Policy kPolicy("full-mm", "fullmm = 1, reset, freed_tables = 1",
                         "merged: 7a30df49f63a, 5.2 to today", kProtocol,
                         {.safe_on = "x86 arm64 riscv",
                          .recalls = false,
                          .loads = {WhenLoaded::kInFinish, WhenLoaded::kNever}});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
