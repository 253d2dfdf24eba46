// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// gatherfuzz step: a run in the terminal, forth and back.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "command/chosen.h"
#include "command/command.h"
#include "command/options.h"
#include "explore/io/terminal.h"
#include "triage/tell/explain/explanation.h"
#include "triage/tell/machine_states.h"
#include "triage/tell/step/view.h"

namespace gatherfuzz {
namespace {

constexpr int kMostOfSize = 1000;

// --size
absl::StatusOr<WindowSize> ChosenSize(const Options& options) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(options.size, absl::MaxSplits('x', 1));
  WindowSize size;
  const auto number = [](absl::string_view text, int& to) {
    return absl::SimpleAtoi(text, &to) && to >= 1 && to <= kMostOfSize;
  };
  if (number(parts.first, size.columns) && number(parts.second, size.rows)) return size;
  return absl::InvalidArgumentError(
      absl::StrCat("--size: '", options.size, "' is not COLUMNSxROWS, each 1 to ", kMostOfSize));
}

// --keys: presses them, and prints the screen.
void PressKeys(StepView& view, std::string keys, WindowSize size) {
  while (!keys.empty()) {
    view.Draw(size);  // scrolling is bounded by what was drawn
    if (!view.Press(TakeKey(keys))) break;
  }
  std::cout << PlainText(view.Draw(size));
}

void Converse(StepView& view, Terminal& terminal) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool colours = no_color == nullptr || *no_color == '\0';
  int key = kResized;
  while (key != kClosed && view.Press(key)) {
    terminal.Write(AnsiText(view.Draw(terminal.Size()), colours));
    key = terminal.ReadKey();
  }
}

absl::StatusOr<ExitStatus> Main(const Options& options, const std::vector<std::string>& arguments) {
  const absl::StatusOr<uint32_t> ignored = IgnoredKinds(options);
  if (!ignored.ok()) return ignored.status();
  const absl::StatusOr<WindowSize> size = ChosenSize(options);
  if (!size.ok()) return size.status();
  const absl::StatusOr<ChosenRun> run = ChooseRun(options, arguments, *ignored);
  if (!run.ok()) return run.status();
  const Policy& policy = *run->target.policy;
  const Arch& arch = *run->target.arch;
  const Schedule& schedule = run->file.schedule;
  const auto execution = std::make_unique<Execution>();
  const Trace trace = Record(*execution, schedule, policy, arch, *ignored);
  const MachineStates states = StatesOf(*execution, schedule, policy, arch, *ignored);

  std::unique_ptr<Terminal> terminal;  // none with --keys
  const auto no_return = [&] {
    static const std::atomic<bool> never{false};
    if (terminal) terminal->Write("\r\033[2Kexploring what else could have come; Ctrl-C ends it");
    return FindNoReturn(schedule, trace, policy, arch, {.ignored = *ignored},
                        terminal ? terminal->ended() : never);
  };
  StepView view({arguments[0], run->file, trace, states, no_return});
  if (options.keys) {
    PressKeys(view, *options.keys, *size);
  } else {
    auto opened = Terminal::Open();
    if (!opened.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          opened.status().message(),
          "; --keys KEYS prints a screen as text, 'gatherfuzz explain' the whole run"));
    }
    terminal = *std::move(opened);
    Converse(view, *terminal);
  }
  if (trace.result.limit) return kLimit;
  return trace.result.violation.kind == ViolationKind::kNone ? kNoViolation : kViolation;
}

constexpr Command kCommand{
    .called = "step",
    .arguments = "FILE [--keys KEYS]",
    .summary = "a run in the terminal, forth and back, with the state at each step",
    .flags =
        " policy variant arch kernel_version hardware memory rcu weaken strengthen ignore member "
        "keys "
        "size "
        "bytes strict ",
    .notes =
        "Keys: n and p, or the arrows, go to the next step and the one before; > and < to those "
        "of the same CPU; PageDown and PageUp ten steps; Home and End to the first and the last; "
        "a number and Enter to that step; v to the violation; t to the point of no return; / "
        "searches in the steps, and m and M go to the next match and the one before.\n"
        "a shows all steps, or only those that matter; space and b scroll the state; w says why "
        "it happened; s shows the schedule; ? lists the keys and what the state is written in; q "
        "ends. With NO_COLOR set it has no colours.",
    .examples =
        "gatherfuzz step corpus/00-the-mail.gather\n"
        "gatherfuzz step corpus/00-the-mail.gather --keys nnn --size 100x30",
    .main = Main};
const RegisterCommand kRegistered(&kCommand);

}  // namespace
}  // namespace gatherfuzz
