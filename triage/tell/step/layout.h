// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Where things stand on the screen of step, in a window of any size.
#ifndef GATHERFUZZ_TRIAGE_TELL_STEP_LAYOUT_H_
#define GATHERFUZZ_TRIAGE_TELL_STEP_LAYOUT_H_

#include <cstddef>
#include <vector>

#include "explore/io/terminal.h"
#include "triage/tell/step/facts.h"
#include "triage/tell/step/screen.h"

namespace gatherfuzz {

// A title, the steps, the line of the current one, the state, a line of keys.
struct Parts {
  bool too_small = false;
  bool beside = false;  // the state beside the steps, not below them
  WindowSize steps, state;
};
// `state_rows`: the most that the state takes, so that what it leaves is the steps'.
Parts PartsOf(WindowSize size, int state_rows);

// The columns at which the lanes of so many CPUs begin; none if they would be too narrow.
std::vector<size_t> LanesFor(size_t cpus, size_t columns);

// A group to a line, or to more where they do not fit; '*' before each fact that changed.
Screen LinesOf(const std::vector<Fact>& facts, size_t columns);

// Exactly so many lines, none longer; lines of the style kBar reach the edge.
Screen FitTo(Screen screen, WindowSize size);

// As much as fits, from line `from` on, which is put within bounds; the last line says how much is
// beyond. If nothing was scrolled, the first line that begins with '*' or has one is in view.
Screen Scrolled(Screen lines, WindowSize size, int& from);

// Lines of the left, which is so wide, with those of the right behind a rule.
Screen Beside(const Screen& left, const Screen& right, int left_columns);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_STEP_LAYOUT_H_
