// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "explore/io/strings.h"
#include "triage/crashes/index.h"
#include "triage/crashes/read.h"

namespace gatherfuzz {
namespace {

// Of a narrow window each row becomes a block, whose cells say what they are.
constexpr char kHead[] = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>gatherfuzz triage</title>
<style>
:root { color-scheme: light dark; --line: #8884; --new: #b3261e; --dim: #666; }
@media (prefers-color-scheme: dark) { :root { --new: #ff9a8f; --dim: #aaa; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0;
         vertical-align: top; }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.new { color: var(--new); font-weight: bold; } .dim { color: var(--dim); }
td details { margin-top: .2rem; } ul { overflow-wrap: anywhere; padding-left: 1.2rem; }
@media (max-width: 46rem) {
  thead { display: none; }
  tr { border-bottom: 1px solid var(--line); display: block; padding: .6rem 0; }
  td, .number { border: 0; display: block; padding: 0; text-align: left; }
  td.short, .number { display: inline-block; margin-right: .6rem; }
  td[data-name]::before { color: var(--dim); content: attr(data-name) " "; }
}
</style>
</head>
<body>
)";

// What is not printable ASCII is shown as on a terminal, so nothing can turn the text about.
std::string Html(std::string_view text) {
  std::string html;
  for (const char c : Shown(text)) {
    switch (c) {
      case '&': html += "&amp;"; break;
      case '<': html += "&lt;"; break;
      case '>': html += "&gt;"; break;
      case '"': html += "&quot;"; break;
      case '\'': html += "&#39;"; break;
      default: html += c;
    }
  }
  return html;
}

// A name as a link to it: no scheme, no path.
std::string Link(std::string_view name) {
  std::string link = "./";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.';
    plain ? absl::StrAppendFormat(&link, "%c", c) : absl::StrAppendFormat(&link, "%%%02X", byte);
  }
  return link;
}

// Of long lists only the beginning, so that the page stays small.
constexpr size_t kMostListed = 100;

std::string More(size_t count) {
  return count <= kMostListed ? ""
                              : absl::StrCat("<li class=dim>and ", count - kMostListed,
                                             " more, in index.json</li>\n");
}

std::string FileList(const std::vector<std::string>& files) {
  if (files.empty()) return "";
  std::string html =
      absl::StrCat("<details><summary>", Counted(files.size(), "file"), "</summary><ul>");
  for (size_t i = 0; i < std::min(kMostListed, files.size()); ++i) {
    absl::StrAppend(&html, "<li><code>", Html(files[i]), "</code></li>");
  }
  return absl::StrCat(html, More(files.size()), "</ul></details>");
}

std::string Links(const IndexGroup& group) {
  if (group.folder.empty()) {
    return absl::StrCat("<span class=dim>not made small",
                        group.why.empty() ? " yet" : absl::StrCat(": ", Html(group.why)),
                        "</span>");
  }
  std::string html;
  for (const auto& [file, name] :
       {std::pair("page.html", "page"), std::pair("explanation.txt", "explanation"),
        std::pair("schedule.gather", "schedule")}) {
    absl::StrAppend(&html, "<a href=\"", Link(group.folder), "/", file, "\">", name, "</a>\n");
  }
  return html;
}

std::string Number(const char* name, const std::string& number) {
  return absl::StrCat("<td class=number data-name=", name, ">", number, "</td>");
}

std::string Row(const IndexGroup& group) {
  const MadeGroup& made = group.made;
  const bool is_made = !group.folder.empty();
  return absl::StrCat(
      "<tr><td class=\"short ", Html(StateName(group.state)), "\">", Html(StateName(group.state)),
      "</td><td class=short>", Html(made.key.policy), "</td><td class=short>", Html(made.key.arch),
      "</td><td><b>", Html(made.kind), "</b><br><code>", Html(made.key.signature), "</code><br>\n",
      made.key.excused ? "<span class=dim>says nothing against the policy</span><br>\n" : "",
      Links(group), FileList(group.files), "</td>",
      Number("files", absl::StrCat(group.files.size())),
      Number("preemptions",
             is_made && made.preemptions >= 0 ? absl::StrCat(made.preemptions) : "-"),
      Number("steps", is_made ? absl::StrCat(made.steps, made.proven ? "*" : "") : "-"), "</tr>\n");
}

}  // namespace

std::string PrintPage(const TriageIndex& index) {
  std::string html =
      absl::StrCat(kHead, "<h1>gatherfuzz triage</h1>\n<p>", Counted(index.files, "file"), " (",
                   index.contents, " different), ", index.skipped,
                   " skipped: ", Counted(index.Count(GroupState::kNew), "new violation"), ", ",
                   index.Count(GroupState::kKnown), " known.",
                   index.Unmade() == 0 ? "" : " Not complete.", "</p>\n");
  if (!index.groups.empty()) {
    absl::StrAppend(&html,
                    "<table>\n<thead><tr><th>state</th><th>policy</th><th>arch</th><th>signature"
                    "</th><th class=number>files</th><th class=number>preemptions</th>"
                    "<th class=number>steps</th></tr></thead>\n<tbody>\n");
    for (const IndexGroup& group : index.groups) absl::StrAppend(&html, Row(group));
    absl::StrAppend(
        &html, "</tbody>\n</table>\n",
        "<p class=dim>* no order of these programs comes to such a violation with fewer "
        "preemptions, or with as many and fewer steps.</p>\n",
        "<p class=dim>To replay one, from the folder of this page: "
        "<code>gatherfuzz run FOLDER/schedule.gather</code></p>\n");
  }
  if (!index.others.empty()) {
    absl::StrAppend(&html, "<h2>Files without a violation</h2>\n<ul>\n");
    for (size_t i = 0; i < std::min(kMostListed, index.others.size()); ++i) {
      const SortedFile& file = *index.others[i];
      absl::StrAppend(&html, "<li><code>", Html(file.found.path),
                      "</code>: ", Html(file.replayed->why), "</li>\n");
    }
    absl::StrAppend(&html, More(index.others.size()), "</ul>\n");
  }
  return html + "</body>\n</html>\n";
}

}  // namespace gatherfuzz
