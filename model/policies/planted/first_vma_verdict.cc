// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// first-vma-verdict: a call over several VMAs makes the nested test in its first gather only.
//
// Base: full-mm. Published: Z17 (a check that is not made again after a lock was dropped). To be
// seen: two CPUs, and a program with a dontneed (or free) over two VMAs. The gather of its first
// VMA finishes alone; then the other CPU begins and clears a PTE of the second VMA, which the call
// sees empty; it returns before the other has flushed.
//
// The note of the last call stays when no gather is live; the next call takes its place.
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class FirstVmaVerdict final : public GatherProtocol {
 public:
  void Gather(const Thread& t, PageRange range) const override {
    if (t.self().call.number == 0) OwnNote(t) = kNotAsked;  // the first gather of this call
    GatherProtocol::Gather(t, range);
  }

 protected:
  void Finishing(const Thread& t) const override {
    uint8_t& verdict = OwnNote(t);
    if (verdict == kNotAsked) verdict = FlushNested(t) ? kNested : kAlone;
    if (verdict == kNested) MakeFullMm(t.gather());
  }

 private:
  enum Verdict : uint8_t { kNotAsked, kAlone, kNested };
};

const FirstVmaVerdict kProtocol{};
constexpr Policy kPolicy("first-vma-verdict",
                         "as full-mm, with one nested test for all VMAs of a call", "Z17",
                         kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
