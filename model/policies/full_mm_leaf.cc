// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// full-mm-leaf: full-mm without its last line. On arm64 fullmm without freed_tables means that the
// address space is going away, and nothing is flushed. Keeps the skip test of 5.1, by which a
// full-mm range is not empty: with the one of 5.6 it would flush nothing anywhere.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class FullMmLeaf final : public Protocol51 {
 protected:
  void Finishing(const Thread& t) const override {
    if (!FlushNested(t)) return;
    t.gather().fullmm = 1;
    ResetRange(t.gather());
  }
};

const FullMmLeaf kProtocol{};
constexpr Policy kPolicy("full-mm-leaf", "fullmm = 1, reset, freed_tables left clear",
                         "asked about in December 2023", kProtocol,
                         {.safe_on = "x86 riscv",
                          .safe_asleep = false,
                          .recalls = false,
                          .loads = {WhenLoaded::kInFinish, WhenLoaded::kNever}});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
