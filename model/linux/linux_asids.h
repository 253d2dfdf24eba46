// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The arch/arm64/mm/context.c of a kernel tree, or riscv's, as the allocator of its protocol.
//
// The tree's variables are its statics. World has them (Asids), and has the last word: a step
// writes the statics there and reads them back. That no other static of the file changes is checked
// as the tree is compiled. One lock keeps OS threads apart; no step is made with it.
#ifndef GATHERFUZZ_MODEL_LINUX_LINUX_ASIDS_H_
#define GATHERFUZZ_MODEL_LINUX_LINUX_ASIDS_H_

#include "model/kernel/cpu_code.h"
#include "model/linux/facade.h"

namespace gatherfuzz {

class LinuxAsids final : public AsidCode {
 public:
  // Of a tree that has a context.c for its architecture, or has none: then it is not used.
  explicit constexpr LinuxAsids(const gf_tree* tree) : tree_(tree) {}
  bool exists() const { return tree_ != nullptr && tree_->asid_code != nullptr; }

  void CheckAndSwitchContext(const Thread& t, MmId next) const override;

 private:
  const gf_tree* tree_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_LINUX_LINUX_ASIDS_H_
