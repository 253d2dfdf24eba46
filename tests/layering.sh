#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Rules of the tree that a compiler does not check. Dependencies point one way: triage to explore,
# that and fuzz to harness, harness to model; model to nothing, the machine not to the kernel paths;
# and only explore (Abseil, xxHash) and triage use more than the C++ library and Boost.Context.
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
forbid model '(harness|explore|fuzz|triage|tests|bench)/|boost/|absl/|nlohmann/'
forbid model/machine 'model/(kernel|policies|arch)/'
forbid model/oracle 'model/(policies|arch)/'
forbid harness '(explore|fuzz|triage|tests|bench)/|absl/|nlohmann/'
forbid fuzz '(explore|triage|tests|bench)/|absl/|nlohmann/|boost/'
forbid explore '(fuzz|triage|tests|bench)/|nlohmann/|boost/'
forbid triage '(fuzz|tests|bench)/|boost/'
# Each policy's file is named for it: the build makes the names of fuzz targets from the files.
for file in model/policies/*.cc model/policies/planted/*.cc; do
  name=$(basename "$file" .cc | tr _ -)
  [ "$name" = policy ] || [ "$name" = "*" ] || grep -q "Policy kPolicy(\"$name\"" "$file" ||
    { echo "$file does not define the policy $name"; status=1; }
done
# Every relative link of the documents leads somewhere, and none has a place left to fill.
while IFS=: read -r file link; do
  [ -e "$(dirname "$file")/$link" ] || { echo "$file: no such file: $link"; status=1; }
done < <(grep -oE '\]\([A-Za-z0-9_./-]+' ./*.md docs/*.md | sed 's/](//')
if grep -n '@@' ./*.md docs/*.md; then status=1; fi
exit $status
