// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// table-before-flush: tables are freed first, then what was recorded is invalidated.
//
// Base: full-mm. Published: Z23, Z24 (a batch of tables freed without an invalidation). To be seen:
// any order, one CPU, and a program: a munmap that leaves no VMA in the span of a table which some
// walk cache holds.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class TableBeforeFlush final : public GatherProtocol {
 public:
  void Flush(const Thread& t) const override {
    FreeTables(t);
    FlushTlbOnly(t);
    FreePages(t);
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const TableBeforeFlush kProtocol{};
constexpr Policy kPolicy("table-before-flush", "as full-mm, but frees tables before the flush",
                         "Z23, Z24", kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
