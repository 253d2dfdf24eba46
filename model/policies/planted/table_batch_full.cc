// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// table-batch-full: the fifth table of a gather finds no room in the queue, and is freed at once.
//
// Base: full-mm. Published: Z24, Z23 (the path taken when there is no memory for a batch of tables
// freed without an invalidation). To be seen: any order, one CPU, and a program: a munmap that
// frees five tables or more, such as the four PTE tables and the PMD table of 16 pages, of which
// the fifth is in a walk cache.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

constexpr int kTableBatch = 4;

class TableBatchFull final : public GatherProtocol {
 public:
  void RemoveTable(const Thread& t, FrameId table, int page, Level level) const override {
    const bool full = t.gather().table_count == kTableBatch;
    GatherProtocol::RemoveTable(t, table, page, level);
    if (full) FreeTables(t);
  }

 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
};

const TableBatchFull kProtocol{};
constexpr Policy kPolicy("table-batch-full",
                         "as full-mm, but frees tables without a flush if there are many",
                         "Z24, Z23", kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
