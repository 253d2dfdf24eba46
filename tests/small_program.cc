// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/small_program.h"

#include <cstdlib>
#include <iterator>

namespace gatherfuzz {
namespace {

constexpr int kSpan = 4;

class Maker {
 public:
  explicit Maker(Random& random) : random_(random) {}

  Schedule Make() {
    schedule_.cpus = OneIn(8) ? 3 : 2;
    schedule_.batch = OneIn(2) ? kDefaultBatch : 1 + Below(3);
    meets_ = OneIn(2);
    both_ = OneIn(3) ? OpKind::kFree : OpKind::kDontneed;
    huge_ = OneIn(3);
    constexpr int kFirst[] = {0, 2, 14};
    first_ = huge_ ? 0 : kFirst[Below(3)];
    MakeInit();
    for (int i = 0; i < schedule_.cpus; ++i) {
      const int ops = schedule_.cpus == 2 && OneIn(4) ? 2 : 1;
      for (int k = 0; k < ops; ++k) Add(CpuAgent(MakeCpu(i)), AnyOp());
    }
    for (int walkers = Below(meets_ ? 2 : 3); walkers > 0; --walkers) {
      const AgentId walker = WalkerAgent(AnyCpu());  // drawn first, on every compiler
      Add(walker, {.kind = OpKind::kFill, .range = AnyPage()});
    }
    Canonicalize(schedule_);
    return schedule_;
  }

 private:
  int Below(int bound) { return static_cast<int>(random_.Below(static_cast<uint32_t>(bound))); }
  bool OneIn(int n) { return Below(n) == 0; }
  CpuId AnyCpu() { return MakeCpu(Below(schedule_.cpus)); }

  // If calls meet, it has the second page.
  PageRange AnyRange() {
    if (OneIn(huge_ ? 2 : 4)) return {first_, first_ + kSpan};
    const int begin = meets_ ? Below(2) : Below(kSpan);
    const int least = meets_ && begin == 0 ? 2 : 1;
    return {first_ + begin, first_ + begin + least + Below(kSpan - begin - least + 1)};
  }

  PageRange AnyPage() {
    const int page = first_ + Below(kSpan);
    return {page, page + 1};
  }

  VmaFlags AnyFlags() { return {.write = !OneIn(4), .huge = huge_ || OneIn(4)}; }

  // One VMA or two, most of it populated, some of that in the TLBs.
  void MakeInit() {
    const int half = first_ + kSpan / 2, end = first_ + kSpan;
    const bool two = !meets_ && !huge_ && OneIn(2);
    Add({.range = {first_, two ? half : end}, .flags = AnyFlags()});
    if (two && !OneIn(4)) Add({.range = {half, end}, .flags = AnyFlags()});
    if (!meets_ && OneIn(4)) return;
    Add({.kind = InitItem::Kind::kPresent,
         .range = !huge_ && OneIn(4) ? AnyRange() : PageRange{first_, end},
         .dirty = !OneIn(3)});
    for (int i = 0; i < schedule_.cpus; ++i) {
      if (!meets_ && OneIn(2)) continue;
      Add({.kind = InitItem::Kind::kCached,
           .range = OneIn(2) ? AnyRange() : PageRange{first_, end},
           .cpu = MakeCpu(i)});
    }
  }

  Op AnyOp() {
    using enum OpKind;
    const OpKind any[] = {kDontneed, kDontneed, kMunmap, kMunmap, kFree, kRead, kWrite, kMap};
    const OpKind kind = meets_ ? both_ : any[Below(std::size(any))];
    if (Info(kind).operands == Operands::kPage) return {.kind = kind, .range = AnyPage()};
    return {.kind = kind, .range = AnyRange(), .flags = kind == kMap ? AnyFlags() : VmaFlags{}};
  }

  void Add(const InitItem& item) {
    if (!schedule_.init.push_back(item)) std::abort();
  }
  void Add(AgentId agent, const Op& op) {
    if (!schedule_.program.push_back({agent, op})) std::abort();
  }

  Random& random_;
  Schedule schedule_;
  int first_ = 0;
  bool meets_ = false;  // each call is of one kind and has the second page, which all have cached
  OpKind both_ = {};
  bool huge_ = false;  // the pages are one huge page, if populated at once
};

}  // namespace

Schedule SmallProgram(Random& random) { return Maker(random).Make(); }

}  // namespace gatherfuzz
