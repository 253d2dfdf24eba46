// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What is no schedule, although it can be decoded as one: any bytes can.
//
// An engine keeps the version of the encoding in the first byte, as its seeds and its mutator have
// it, and almost never makes a file that begins as other kinds of files do, or that a person could
// read. Very short files are left alone: engines begin with those.
#ifndef GATHERFUZZ_EXPLORE_IO_FOREIGN_H_
#define GATHERFUZZ_EXPLORE_IO_FOREIGN_H_

#include <string>
#include <string_view>

namespace gatherfuzz {

// "it is a PNG image"; empty if nothing speaks against bytes of a schedule.
std::string WhyNoSchedule(std::string_view content);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_IO_FOREIGN_H_
