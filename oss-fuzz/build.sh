#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# The real one comes with the source that the Dockerfile clones.
exec "$SRC/gatherfuzz/.clusterfuzzlite/build.sh"
