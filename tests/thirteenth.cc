// A policy from outside of model/: one file, and every command and table knows it.
// Lowers the bar of own-range a little further: its gathers never record what they clear.
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

class Thirteenth final : public GatherProtocol {
 public:
  void RemoveTlbEntry(const Thread&, int, Level) const override {}

 protected:
  void Finishing(const Thread&) const override {}
};

const Thirteenth kProtocol{};
constexpr Policy kPolicy("thirteenth", "nothing, and records nothing either", "a test", kProtocol);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
