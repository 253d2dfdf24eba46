// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// range-one-short: full-mm, and the last page of a range is not flushed.
//
// An edit of 6.12. It takes a CPU that switches or sleeps, as all of these: without,
// flushes do not go this way.
#include "model/policies/zoo/switching.h"

namespace gatherfuzz {
namespace {

const FullMmSwitching kProtocol{{.one_page_short = true}};
constexpr Policy kPolicy("range-one-short", "as full-mm; the last page of a range is not flushed",
                         "an edit of 6.12", kProtocol, kSwitchingTraits);
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
