// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// overlap-list: live gathers publish their range in the mm. A finish that finds some that overlap
// its own flushes the union of them, at all levels; its own range leaves the list after that.
#include <algorithm>
#include <optional>

#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

struct Published {
  uint8_t start, end;  // pages; end 0: no live gather
  friend bool operator==(const Published&, const Published&) = default;
};
using Ranges = std::array<Published, kMaxCpus>;  // by CPU

// The union of `own` and every other live range that overlaps it; nothing if none does.
std::optional<PageRange> UnionOfOverlaps(const Ranges& live, CpuId cpu) {
  const Published own = live[Index(cpu)];
  PageRange united{own.start, own.end};
  bool overlap = false;
  for (int i = 0; i < kMaxCpus; ++i) {
    const Published other = live[i];
    if (i == Index(cpu) || other.start >= own.end || other.end <= own.start) continue;
    overlap = true;
    united = {std::min<int>(united.begin, other.start), std::max<int>(united.end, other.end)};
  }
  if (!overlap) return std::nullopt;
  return united;
}

class OverlapList final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    Publish(t, {static_cast<uint8_t>(range.begin), static_cast<uint8_t>(range.end)});
  }
  bool AtRest(const World& world) const override {
    return ReadPolicyState<Ranges>(world) == Ranges{};
  }

 protected:
  void Finishing(const Thread& t) const override {
    const auto united = UnionOfOverlaps(LoadPolicyState<Ranges>(t), t.cpu);
    if (!united) return;
    MmuGather& gather = t.gather();
    AdjustRange(gather, *united);
    gather.freed_tables = 1;
    gather.cleared_ptes = gather.cleared_pmds = gather.cleared_puds = 1;
  }
  void BeforeDec(const Thread& t) const override { Publish(t, {}); }

 private:
  static void Publish(const Thread& t, Published range) {
    UpdatePolicyState<Ranges>(t, Point::policy_rmw,
                              [&](Ranges& live) { live[Index(t.cpu)] = range; });
  }
};

const OverlapList kProtocol{};
constexpr Policy kPolicy("overlap-list",
                         "flushes the union of its range and the live ones it overlaps, all levels",
                         "proposed 9 to 13 May 2019", kProtocol,
                         {.safe_on = "x86 arm64 riscv",
                          .recalls = false,
                          .loads = {WhenLoaded::kNever, WhenLoaded::kInFinish}});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
