# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# What the scripts share; to be sourced. Defines the build folder and the functions below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${GATHERFUZZ_BUILD:-build}

packages=(clang-19 libclang-rt-19-dev llvm-19 g++-12 cmake ninja-build libboost-context1.81-dev
  libabsl-dev libxxhash-dev nlohmann-json3-dev libgtest-dev libgmock-dev libbenchmark-dev afl++
  lld-19)

# What the tests take besides: a browser that can be driven, for the page that explain --html
# writes; a terminal that can, for step; SPIN, for the models that export --promela writes; what
# builds and reads what goes to ClusterFuzzLite and
# OSS-Fuzz; what checks the style.
test_packages=(python3 chromium chromium-driver python3-selenium tmux zip binutils python3-yaml
  python3-jsonschema clang-format-19 shellcheck pyflakes3 ccache dpkg-dev groff zsh spin
  bubblewrap)

# What scripts/lint takes.
lint_packages=(clang-format-19 clang-tidy-19 shellcheck pyflakes3)

# say MESSAGE: on standard error; on a terminal, what is longer than a line is broken at blanks.
say() {
  if [ -t 2 ]; then
    fold -s -w "$(tput cols 2>/dev/null || echo 80)" <<<"$*" >&2
  else
    echo "$*" >&2
  fi
}

die() {
  say "$(basename "$0"): $*"
  exit 2
}

# nearest WORD KNOWN...: the one that was probably meant, which is at most a third of its letters
# away; nothing if there is none.
nearest() {
  printf '%s\n' "$@" | awk '
    function least(a, b) { return a < b ? a : b }
    function distance(a, b,   i, j, d) {
      for (i = 0; i <= length(a); ++i) d[i, 0] = i
      for (j = 0; j <= length(b); ++j) d[0, j] = j
      for (i = 1; i <= length(a); ++i)
        for (j = 1; j <= length(b); ++j)
          d[i, j] = least(least(d[i - 1, j], d[i, j - 1]) + 1,
                          d[i - 1, j - 1] + (substr(a, i, 1) != substr(b, j, 1)))
      return d[length(a), length(b)]
    }
    NR == 1 { word = $0; best = length(word) / 3; next }
    { away = distance(word, $0); if (away <= best) { near = $0; best = away - 0.5 } }
    END { print near }'
}

# die_unknown WHAT WORD KNOWN...: it is none of these, nor --help.
die_unknown() {
  local what=$1 word=$2 near
  near=$(nearest "$word" --help "${@:3}")
  die "unknown $what '$word'; see --help${near:+; did you mean '$near'?}"
}

# install_missing PACKAGE...: installs what all scripts need, and those, as far as they are not
# there yet; as root or with sudo.
install_missing() {
  local missing=() package
  for package in "${packages[@]}" "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "missing packages: ${missing[*]}; install them as root"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}" ||
    { "${as_root[@]}" apt-get update &&
      "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; }; } \
    >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    die "could not install ${missing[*]}; the whole log is $log"
  fi
  rm -f "$log"
}

# install_for_tests PACKAGE...: what the tests take besides, too.
install_for_tests() { install_missing "${test_packages[@]}" "$@"; }

# show_progress LOG: how far a build is, until it is killed: on a terminal a line that renews
# itself, else, where it can be read later, a line now and then.
show_progress() {
  local every=${GATHERFUZZ_PROGRESS_SECONDS:-20} last='' now
  [ ! -t 2 ] || every=1
  while sleep "$every"; do
    # As text (-a): of two builds with one log, one leaves bytes of 0 in what the other wrote.
    now=$(grep -a -o '^\[[0-9]*/[0-9]*\]' "$1" 2>/dev/null | tail -n 1) || continue
    [ -n "$now" ] && [ "$now" != "$last" ] || continue
    last=$now
    now=${now//[\[\]]/}
    if [ -t 2 ]; then
      printf '\r\033[Kbuilding: %s of %s' "${now%/*}" "${now#*/}" >&2
    else
      echo "building: ${now%/*} of ${now#*/}" >&2
    fi
  done
}

# build_targets FOLDER TARGET... -- CMAKE_OPTION...: configures and builds; quiet unless it fails.
build_targets() { build_in . "$@"; }
# build_in SOURCE FOLDER TARGET... -- CMAKE_OPTION...: the same of another tree.
build_in() {
  local source=$1 folder=$2 targets=() log
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    targets+=("$1")
    shift
  done
  [ $# -eq 0 ] || shift
  mkdir -p "$folder"
  log=$folder/build.log
  echo "building in $folder" >&2
  : >"$log"
  show_progress "$log" &
  local progress=$! built=0
  { cmake -S "$source" -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER="${CXX:-clang++-19}" "$@" &&
    ninja -C "$folder" "${targets[@]}"; } >"$log" 2>&1 || built=$?
  kill "$progress" 2>/dev/null || true
  wait "$progress" 2>/dev/null || true
  [ ! -t 2 ] || printf '\r\033[K' >&2
  if [ "$built" -ne 0 ]; then
    local line
    line=$(grep -a -m 1 '^ *gatherfuzz: ' "$log") && die "${line#*gatherfuzz: }"
    grep -a -E -A 4 'error:|FAILED|CMake Error' "$log" | head -n 20 >&2 || true
    die "the build failed; the whole log is $log"
  fi
}

# write_into_page PAGE LINE: what write_section prints takes the place of what stands between that
# line and the next "<!-- end -->".
write_into_page() {
  local page=$1 begin=$2 new line
  new=$(mktemp "$page.XXXXXX")
  # shellcheck disable=SC2064  # now, while `new` is known
  trap "rm -f '$new'" EXIT
  while IFS= read -r line; do
    printf '%s\n' "$line"
    [ "$line" = "$begin" ] || continue
    write_section
    while IFS= read -r line && [ "$line" != '<!-- end -->' ]; do :; done
    printf '%s\n' '<!-- end -->'
  done <"$page" >"$new"
  chmod 644 "$new"
  mv "$new" "$page"
}
