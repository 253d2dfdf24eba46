#ifndef I_H
#define I_H
#include "explore/stepper.h"
namespace gatherfuzz {
class Independence {
 public:
  explicit Independence(const Schedule&) {}
  Actions Enough(const Stepper&, const Actions& able) const { return able; }
};
}  // namespace gatherfuzz
#endif
