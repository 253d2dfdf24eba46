// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Writes the page of a run, for page_browser.py and for eyes:
//   write_page FILE POLICY ARCH OUT [STATES]
// STATES: how many states each exploration of the explanation may take.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"
#include "explore/io/files.h"
#include "model/arch/arch.h"
#include "model/policies/policy.h"
#include "triage/tell/explain/explanation.h"
#include "triage/tell/page/page.h"

namespace gatherfuzz {
namespace {

int Main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: write_page FILE POLICY ARCH OUT [STATES]\n");
    return 2;
  }
  auto loaded = LoadSchedule(argv[1]);
  if (!loaded.ok()) {
    std::fprintf(stderr, "%s\n", loaded.status().ToString().c_str());
    return 2;
  }
  ScheduleFile& file = loaded->file;
  file.policy = argv[2];
  file.arch = argv[3];
  const Policy& policy = *FindPolicy(file.policy);
  const Arch& arch = *FindArch(file.arch);
  auto execution = std::make_unique<Execution>();
  const Trace trace = Record(*execution, file.schedule, policy, arch);
  const bool violates = trace.result.violation.kind != ViolationKind::kNone;
  const std::string replay =
      absl::StrCat("gatherfuzz explain --policy ", argv[2], " --arch ", argv[3], " ", argv[1]);
  Explanation explanation;
  if (violates) {
    const std::atomic<bool> stop{false};
    ExplainSettings settings;
    if (argc > 5) settings.limits.states = std::strtoull(argv[5], nullptr, 10);
    explanation = Explain(file.schedule, trace, policy, arch, settings, stop);
  }
  const std::string page =
      PageOf({argv[1], file, trace, violates ? &explanation : nullptr, replay});
  const absl::Status written = WriteFile(argv[4], page);
  std::printf("%zu steps, %zu bytes\n", trace.steps.size(), page.size());
  return written.ok() ? 0 : 2;
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) { return gatherfuzz::Main(argc, argv); }
