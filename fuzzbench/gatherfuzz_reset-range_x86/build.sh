#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Made by scripts/benchmarks.
export GATHERFUZZ_FUZZ=reset-range_x86
"$SRC/gatherfuzz/.clusterfuzzlite/build.sh"
mkdir -p "$OUT/seeds"
cp "$SRC"/seeds/* "$OUT/seeds/"
