// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// kernel-assertion: what the kernel's own code says must hold, holds.
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void ReportAssertion(System& system, CpuId cpu, const char* text) {
  system.Report({.kind = ViolationKind::kKernelAssertion, .cpu = Index(cpu), .detail = text});
}

}  // namespace gatherfuzz
