#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Rules of the tree that a compiler does not check. Dependencies point one way: command to triage to
# explore to harness to model, and fuzz to harness; in model the machine knows nobody. Only
# command/main.cc has flags read. Abseil begins at explore, JSON at explore/sweeps; all below is the
# C++ library and Boost.Context.
set -euo pipefail
cd "$1"
status=0
# forbid FOLDER PATTERN: no include in FOLDER may match.
forbid() {
  if grep -rnE "^#include [<\"]($2)" "$1" --include='*.h' --include='*.cc'; then
    echo "$1 must not include the above"
    status=1
  fi
}
forbid model '(harness|explore|fuzz|triage|command|tests|bench)/|boost/|absl/|nlohmann/'
forbid model/machine 'model/(oracle|kernel|policies|arch|linux)/'
for folder in machine oracle kernel arch policies linux; do
  forbid "model/$folder" 'model/callers/'
done
forbid model/oracle 'model/(policies|arch)/'
forbid harness '(explore|fuzz|triage|command|tests|bench)/|absl/|nlohmann/'
forbid fuzz '(explore|triage|command|tests|bench)/|absl/|nlohmann/|boost/'
forbid explore '(fuzz|triage|command|tests|bench)/|absl/flags/|boost/'
forbid explore/io 'explore/[a-hj-z]|nlohmann/'
for file in explore/*.h explore/*.cc; do forbid "$file" 'explore/sweeps/|nlohmann/'; done
forbid triage '(fuzz|command|tests|bench)/|absl/flags/|boost/'
forbid triage/tell 'triage/(minimize|crashes|corpus|replay)/'
forbid triage/minimize 'triage/(tell|crashes|corpus|replay)/'
forbid triage/crashes 'triage/(corpus|replay)/'
forbid triage/replay 'triage/corpus/'
forbid triage/corpus 'triage/replay/'
forbid command '(fuzz|tests|bench)/|boost/|absl/flags/'
for file in command/*; do
  [ "$file" = command/main.cc ] || [ "$file" = command/parse.cc ] ||
    forbid "$file" 'command/parse[.]h'
done
# Each folder of triage is a library, and each of tests a layer; a file beside them is in none.
for file in triage/*.cc triage/*.h tests/*_test.* tests/*.test; do
  [ ! -e "$file" ] || { echo "$file belongs into a folder of $(dirname "$file")"; status=1; }
done
# Each policy's file is named for it: the build makes the names of fuzz targets from the files.
for file in model/policies/*.cc model/policies/planted/*.cc; do
  name=$(basename "$file" .cc | tr _ -)
  [ "$name" = policy ] || [ "$name" = "*" ] || grep -q "Policy kPolicy(\"$name\"" "$file" ||
    { echo "$file does not define the policy $name"; status=1; }
done
# Every relative link of the documents leads somewhere, and none has a place left to fill.
while IFS=: read -r file link; do
  [ -e "$(dirname "$file")/$link" ] || { echo "$file: no such file: $link"; status=1; }
done < <(grep -oP '\]\((?!https?:)[A-Za-z0-9_./-]+' ./*.md docs/*.md | sed 's/](//')
if grep -n '@@' ./*.md docs/*.md; then status=1; fi
exit $status
