// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/callers/trap.h"

#include <signal.h>
#include <ucontext.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "model/callers/facade.h"
#include "model/callers/room.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

constexpr size_t kMaxTexts = 64;
std::array<std::array<char, 96>, kMaxTexts>
    texts;  // of assertions that failed: Violation keeps one

// A text lasts as long as the process; the same one for the same place. With the kernel's memory in
// use, so by one thread at a time.
const char* TextOf(const char* file, int line) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%s:%d", file, line);
  for (auto& known : texts) {
    if (known[0] == '\0') known = text;
    if (known == text) return known.data();
  }
  return "an assertion of the kernel's";
}

// Where the kernel's code goes on: on its own stack, outside of the signal.
[[noreturn]] void Failed(const char* text) {
  Hook hook;
  ReportAssertion(hook.room().t().system, hook.t().cpu, text);
  std::fprintf(stderr, "gatherfuzz: cannot go on behind %s; do not ignore kernel-assertion\n",
               text);
  std::exit(2);
}

void Trapped(int number, siginfo_t*, void* context) {
  greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const char* file = nullptr;
  const int line = gfc_bug_at(static_cast<unsigned long>(registers[REG_RIP]), &file);
  if (line == 0) {
    signal(number, SIG_DFL);  // returns to the same instruction
    return;
  }
  registers[REG_RDI] = reinterpret_cast<greg_t>(TextOf(file, line));
  registers[REG_RIP] = reinterpret_cast<greg_t>(&Failed);
  registers[REG_RSP] = ((registers[REG_RSP] - 128) & ~greg_t{15}) - 8;
}

}  // namespace

void CatchTraps() {
  static const bool done = [] {
    struct sigaction action{};
    action.sa_sigaction = Trapped;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    return sigaction(SIGILL, &action, nullptr) == 0;
  }();
  (void)done;
}

}  // namespace gatherfuzz
