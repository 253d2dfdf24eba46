// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// need-flush-all: without fullmm the reset leaves a range without an end, which the 5.1 test takes
// for a gather that recorded nothing.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class NeedFlushAll final : public Protocol51 {
 protected:
  void Finishing(const Thread& t) const override {
    if (!FlushNested(t)) return;
    t.gather().need_flush_all = 1;
    ResetRange(t.gather());
    t.gather().freed_tables = 1;
  }
};

const NeedFlushAll kProtocol{};
constexpr Policy kPolicy("need-flush-all",
                         "need_flush_all in place of fullmm, with the skip test of 5.1",
                         "14 May 2019", kProtocol,
                         {.recalls = false, .loads = {WhenLoaded::kInFinish, WhenLoaded::kNever}});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
