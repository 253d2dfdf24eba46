// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A run in a terminal, forth and back: which step is current, what each key does, and the screen.
//
// The screen has the steps in lanes by CPU (in one list where there is no room for lanes) and the
// state of the machine at the current one; beside it in a wide window, else below it.
#ifndef GATHERFUZZ_TRIAGE_TELL_STEP_VIEW_H_
#define GATHERFUZZ_TRIAGE_TELL_STEP_VIEW_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "explore/io/terminal.h"
#include "harness/text.h"
#include "harness/trace.h"
#include "triage/tell/explain/explanation.h"
#include "triage/tell/step/facts.h"
#include "triage/tell/step/screen.h"

namespace gatherfuzz {

struct ViewInput {
  std::string name;                     // of the file
  const ScheduleFile& file;             // with the policy and architecture that it was run under
  const Trace& trace;                   // of that run
  const MachineStates& states;          // and of the same
  std::function<NoReturn()> no_return;  // takes its time; asked once, of a run with a violation
};

class StepView {
 public:
  explicit StepView(const ViewInput& input);

  // Whether it goes on; false for the key that quits.
  bool Press(int key);
  Screen Draw(WindowSize size);

 private:
  enum class Over : uint8_t { kNothing, kHelp, kWhy, kSchedule };  // what covers the screen

  bool violates() const { return in_.trace.result.violation.kind != ViolationKind::kNone; }
  int last() const { return static_cast<int>(in_.trace.steps.size()); }
  const TraceStep& StepAt(int position) const;
  int CpuAt(int position) const;
  bool Shown(int position) const;

  bool PressOver(int key);
  void PressSearch(int key);
  void PressCommand(int key);
  void GoTo(int position);
  void Move(int direction, bool same_cpu = false);
  void Search(int direction);
  void ToNoReturn();

  std::string CallOf(int cpu) const;
  std::string TextAt(int position) const;
  ScreenLine RowAt(int position, const std::vector<size_t>& lanes) const;
  Screen Steps(WindowSize size) const;
  Screen State(WindowSize size);
  ScreenLine Title(int columns) const;
  ScreenLine Heads(const std::vector<size_t>& lanes) const;
  ScreenLine Status() const;
  ScreenLine Bottom() const;
  int RowsOfState(int columns);
  Screen Covered(WindowSize size);
  std::string OverText(int columns) const;

  const ViewInput in_;
  const Cause cause_;
  const Facts facts_;
  std::vector<bool> matters_;  // by step
  std::vector<std::vector<std::string>> roles_;
  std::vector<int> cpus_;  // that have steps
  std::optional<NoReturn> no_return_;

  int position_ = 0;  // how many steps are made
  bool all_;          // also steps that do not matter
  int scrolled_ = 0;  // lines of the state, or of what covers the screen
  Over over_ = Over::kNothing;
  int state_rows_ = 0, state_columns_ = 0;  // the most rows, in a window so wide
  bool searching_ = false;                  // the pattern is being typed
  std::string pattern_, typed_, number_, message_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_STEP_VIEW_H_
