// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/arch/arch.h"

#include "model/machine/invalidation.h"
#include "model/registry.h"

namespace gatherfuzz {
namespace {

Registry<Arch>& All() {
  static Registry<Arch> archs("architecture");
  return archs;
}

Registry<Arch>& Unasked() {
  static Registry<Arch> archs("architecture");
  return archs;
}

}  // namespace

Invalidation Arch::FlushPage(int) const { return WholeInvalidation(); }

Invalidation Arch::FlushRange(PageRange) const { return WholeInvalidation(); }

bool Arch::NeedsFlush(Pte, Pte, KernelVersion) const { return true; }

RegisterArch::RegisterArch(const Arch* arch) {
  All().Add(arch);
  if (!arch->on_request()) Unasked().Add(arch);
}
std::span<const Arch* const> Archs() { return Unasked().All(); }
std::span<const Arch* const> AllArchs() { return All().All(); }
const Arch* FindArch(std::string_view name) { return All().Find(name); }

}  // namespace gatherfuzz
