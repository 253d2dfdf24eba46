// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// generation-wrap: each gather publishes a generation, and is live as long as that is not zero; but
// generations wrap, and the thirty-second is zero again.
//
// Base: full-mm. Published: Z42 (a generation of zero is taken for "already flushed"). To be seen:
// two CPUs, two constraints, and a program with 31 gathers before the one that clears the PTE
// (a call makes one for each VMA): the other sees the PTE empty, finds no other generation, and
// returns before it is flushed.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

constexpr int kGenerations = 32;  // more in a kernel, where more gathers come and go

struct Generations {
  uint8_t newest;
  std::array<uint8_t, kMaxCpus> of_cpu;  // of a live gather
};

class GenerationWrap final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    GatherProtocol::Gather(t, range);
    UpdatePolicyState<Generations>(t, Point::policy_rmw, [&](Generations& all) {
      all.newest = (all.newest + 1) % kGenerations;
      all.of_cpu[Index(t.cpu)] = all.newest;
    });
  }
  void Canonicalize(const World&, PolicyBytes& bytes) const override {
    RewritePolicyState<Generations>(bytes, [](Generations& all) {
      for (uint8_t& generation : all.of_cpu) generation = generation != 0;
    });
  }
  bool AtRest(const World& world) const override {
    return ReadPolicyState<Generations>(world).of_cpu == Generations{}.of_cpu;
  }

 protected:
  void Finishing(const Thread& t) const override {
    Generations others = LoadPolicyState<Generations>(t);
    others.of_cpu[Index(t.cpu)] = 0;
    if (others.of_cpu != Generations{}.of_cpu) MakeFullMm(t.gather());
  }
  void BeforeDec(const Thread& t) const override {
    UpdatePolicyState<Generations>(t, Point::policy_write,
                                   [&](Generations& all) { all.of_cpu[Index(t.cpu)] = 0; });
  }
};

const GenerationWrap kProtocol{};
constexpr Policy kPolicy("generation-wrap",
                         "as full-mm, with generations that wrap to the one that says none is live",
                         "Z42", kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
