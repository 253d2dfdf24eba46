// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/spinning.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace gatherfuzz {
namespace {

struct Shared {
  uint8_t locked = 0;
  uint8_t looked[7] = {};
};

class Before final : public GatherProtocol {
  void Finishing(const Thread&) const override {}
  void BeforeDec(const Thread& t) const override {
    while (FlushNested(t)) {
    }
  }
};

class After final : public GatherProtocol {
  void Finishing(const Thread&) const override {}
  void AfterDec(const Thread& t) const override {
    do {
      t.Step(Point::pending_read);
    } while (t.world().mm.tlb_flush_pending != 0);
  }
};

class GivesUp final : public GatherProtocol {
  void Finishing(const Thread&) const override {}
  void BeforeDec(const Thread& t) const override {
    for (int i = 0; i < kLooksBeforeItGivesUp && FlushNested(t); ++i) {
    }
  }
};

class Locked final : public GatherProtocol {
  void Finishing(const Thread&) const override {}
  void BeforeDec(const Thread& t) const override {
    for (bool nested = true; nested;) {
      while (!UpdatePolicyState<Shared>(t, Point::policy_rmw, [](Shared& shared) {
        const bool mine = shared.locked == 0;
        shared.locked = 1;
        return mine;
      })) {
      }
      nested = FlushNested(t);
      UpdatePolicyState<Shared>(t, Point::policy_write, [](Shared& shared) { shared.locked = 0; });
    }
  }
};

class Wide final : public GatherProtocol {
  void Finishing(const Thread&) const override {}
  void BeforeDec(const Thread& t) const override {
    while (FlushNested(t)) {
      for (int i = 1; i < kStepsOfWideRound; ++i) t.Step(Point::policy_read);
    }
  }
};

class NeverAgain final : public GatherProtocol {
  void Finishing(const Thread&) const override {}
  void BeforeDec(const Thread& t) const override {
    while (FlushNested(t)) {
      UpdatePolicyState<Shared>(t, Point::policy_rmw, [](Shared& shared) {
        for (uint8_t& digit : shared.looked) {
          if (++digit != 0) break;
        }
      });
    }
  }
};

constexpr PolicyTraits kTraits{.group = PolicyGroup::kPlanted, .base = "full-mm", .waits = true};
const Before kBefore{};
const After kAfter{};
const GivesUp kGivesUp{};
const Locked kLocked{};
const Wide kWide{};
const NeverAgain kNeverAgain{};
constexpr Policy kPolicies[] = {
    {"test-spins-before", "spins, then lowers", "a test", kBefore, kTraits},
    {"test-spins-after", "lowers, then spins", "a test", kAfter, kTraits},
    {"test-gives-up", "spins for a while", "a test", kGivesUp, kTraits},
    {"test-spins-locked", "spins on a lock", "a test", kLocked, kTraits},
    {"test-spins-wide", "spins in long rounds", "a test", kWide, kTraits},
    {"test-never-again", "counts its looks", "a test", kNeverAgain, kTraits},
};
const RegisterPolicy kRegistered[] = {RegisterPolicy(&kPolicies[0]), RegisterPolicy(&kPolicies[1]),
                                      RegisterPolicy(&kPolicies[2]), RegisterPolicy(&kPolicies[3]),
                                      RegisterPolicy(&kPolicies[4]), RegisterPolicy(&kPolicies[5])};

}  // namespace

const Policy& Spinning(std::string_view name) {
  for (const Policy& policy : kPolicies) {
    if (policy.name() == name) return policy;
  }
  std::fprintf(stderr, "no policy %s\n", std::string(name).c_str());
  std::abort();
}

}  // namespace gatherfuzz
