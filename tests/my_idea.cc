// my-idea: full-mm, but only if another gather is live and this one cleared something.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class MyIdea final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (NothingToFlush(t.gather()) || !FlushNested(t)) return;
    t.gather().fullmm = 1;
    ResetRange(t.gather());
    t.gather().freed_tables = 1;
  }
};

const MyIdea kProtocol{};
constexpr Policy kPolicy("my-idea", "as full-mm, if it cleared something", "me", kProtocol);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
