// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The page without its run: page.html with page.css and the scripts in it, as embed.cmake puts
// them together when it is built.
#ifndef GATHERFUZZ_TRIAGE_TELL_PAGE_TEMPLATE_H_
#define GATHERFUZZ_TRIAGE_TELL_PAGE_TEMPLATE_H_

#include <string_view>

namespace gatherfuzz {

extern const std::string_view kPageBeforeData, kPageAfterData;

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_TELL_PAGE_TEMPLATE_H_
