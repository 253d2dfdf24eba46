// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "absl/strings/str_cat.h"
#include "command/commit.h"
#include "command/help.h"
#include "explore/io/strings.h"

namespace gatherfuzz {

std::string Version() {
  constexpr std::string_view kCommit = GATHERFUZZ_COMMIT;
  return absl::StrCat("gatherfuzz ", GATHERFUZZ_VERSION,
                      kCommit.empty() ? "" : absl::StrCat(" (", Absl(kCommit), ")"), "\n");
}

}  // namespace gatherfuzz
