// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/small_programs.h"

namespace gatherfuzz {
namespace {

class Maker {
 public:
  explicit Maker(Random& random) : random_(random) {
    schedule_.cpus = Below(5) == 0 ? 3 : 2;
    schedule_.batch = 1 + Below(4);
    huge_ = Below(5) == 0;
    window_.begin = huge_ || Below(3) == 0 ? 0 : 2 + Below(2);
    window_.end = huge_ ? 8 : window_.begin + 2 + Below(3);
  }

  Schedule Make(int operations) {
    MakeInit();
    for (int i = 0; i < operations; ++i) {
      schedule_.program.push_back({CpuAgent(MakeCpu(i % schedule_.cpus)), MakeOp()});
    }
    for (int fills = Below(3); fills > 0; --fills) {
      const int page = Page();
      schedule_.program.push_back({WalkerAgent(MakeCpu(Below(schedule_.cpus))),
                                   {.kind = OpKind::kFill, .range = {page, page + 1}}});
    }
    Canonicalize(schedule_);
    return schedule_;
  }

 private:
  int Below(int bound) { return static_cast<int>(random_.Below(static_cast<uint32_t>(bound))); }
  int Page() { return window_.begin + Below(window_.end - window_.begin); }

  void MakeInit() {
    const VmaFlags flags{.write = true, .huge = huge_};
    const auto add = [&](InitItem item) { schedule_.init.push_back(item); };
    const int middle = window_.begin + 1;
    if (!huge_ && Below(3) == 0) {
      add({.kind = InitItem::Kind::kMap, .range = {window_.begin, middle}, .flags = flags});
      add({.kind = InitItem::Kind::kMap, .range = {middle, window_.end}, .flags = flags});
    } else {
      add({.kind = InitItem::Kind::kMap, .range = window_, .flags = flags});
    }
    if (Below(5) == 0) return;
    add({.kind = InitItem::Kind::kPresent, .range = window_, .dirty = Below(2) == 0});
    for (int cpu = 0; cpu < schedule_.cpus; ++cpu) {
      if (Below(3) == 0) continue;
      add({.kind = InitItem::Kind::kCached, .range = window_, .cpu = MakeCpu(cpu)});
    }
  }

  Op MakeOp() {
    constexpr OpKind kKinds[] = {OpKind::kDontneed, OpKind::kDontneed, OpKind::kMunmap,
                                 OpKind::kFree,     OpKind::kRead,     OpKind::kWrite,
                                 OpKind::kMap};
    Op op{.kind = kKinds[Below(7)]};
    op.range.begin = Page();
    op.range.end = op.range.begin + 1 + Below(window_.end - op.range.begin);
    if (huge_ && Below(2) == 0) op.range = {0, 4 + Below(2)};
    if (Info(op.kind).operands == Operands::kPage) op.range.end = op.range.begin + 1;
    if (op.kind == OpKind::kMap) op.flags.write = true;
    return op;
  }

  Random& random_;
  Schedule schedule_;
  PageRange window_;
  bool huge_ = false;
};

}  // namespace

Schedule SmallProgram(Random& random, int operations) { return Maker(random).Make(operations); }

}  // namespace gatherfuzz
