# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Which policies, on which architectures, a script is to fuzz; to be sourced after common.sh.

# What is asked for: `policies` and `archs` by name, kernel `trees` ([NAME=]PATH), their `config`.
policies=() archs=() trees=() config=()

# names FILE...: what the files of policies and architectures are called, as the build has it.
names() {
  local file
  for file in "$@"; do
    file=$(basename "$file" .cc)
    case $file in policy | arch | '*') ;; *) echo "${file//_/-}" ;; esac
  done
}

# The policies of kernel trees (kernel_policies), and a build folder, with its options, for just these.
choose_trees() {
  local i name path problem item
  for i in "${!trees[@]}"; do
    name=linux path=${trees[i]}
    [[ ! $path =~ ^([A-Za-z0-9._-]+)=(.*)$ ]] || name=linux@${BASH_REMATCH[1]} path=${BASH_REMATCH[2]}
    [[ " ${kernel_policies[*]} " != *" $name "* ]] ||
      die "--kernel: two trees are '$name'; name them: --kernel NAME=PATH"
    problem=$(model/linux/compile_tree check "$path" x86 arm64 2>&1) ||
      die "--kernel: ${problem#gatherfuzz: }"
    path=$(cd "$path" && pwd)
    kernel_policies+=("$name")
    [ "$name" = linux ] || path=${name#linux@}=$path
    trees[i]=$path
    options+=("$path")
  done
  for item in "${config[@]}"; do
    [[ $item =~ ^((x86|arm64):)?[A-Z0-9_]+=[a-z0-9]+$ ]] ||
      die "--config: [x86:|arm64:]OPTION=VALUE, not '$item'"
  done
  if [ ${#trees[@]} -gt 0 ]; then
    [ ${#policies[@]} -gt 0 ] || policies=("${kernel_policies[@]}")
    build=$build/kernel-$(printf '%s\n' "${options[@]}" "${config[@]}" | sha1sum | head -c 8)
    options=("-DGATHERFUZZ_KERNEL=$(IFS=';' && echo "${options[*]}")"
      "-DGATHERFUZZ_KERNEL_CONFIG=$(IFS=';' && echo "${config[*]}")"
      -DGATHERFUZZ_TESTS=OFF -DGATHERFUZZ_BENCH=OFF)
  elif [ ${#config[@]} -gt 0 ]; then
    die "--config is of a kernel tree; pass --kernel"
  fi
}

# Sets `targets`, POLICY_ARCH each, from what is asked for; all published policies if nothing is. The
# build folder becomes one of its own, and `options` are for CMake, if kernel trees are asked for.
choose_targets() {
  local name policy arch all_policies planted all_archs extra
  kernel_policies=() options=() targets=()
  choose_trees
  IFS=';' read -ra extra < <(
    sed -n 's/^GATHERFUZZ_EXTRA_POLICIES:[A-Z]*=//p' "$build/CMakeCache.txt" 2>/dev/null || true) || true
  mapfile -t all_policies < <(names model/policies/*.cc "${extra[@]}")
  all_policies+=("${kernel_policies[@]}")
  mapfile -t planted < <(names model/policies/planted/*.cc)
  mapfile -t all_archs < <(names model/arch/*.cc)
  for name in "${policies[@]}"; do
    [[ " ${all_policies[*]} ${planted[*]} " == *" $name "* ]] ||
      die "unknown policy '$name'; one of: $(echo "${all_policies[@]}" "${planted[@]}")"
  done
  for name in "${archs[@]}"; do
    [[ " ${all_archs[*]} " == *" $name "* ]] || die "unknown architecture '$name'; one of: ${all_archs[*]}"
  done
  [ ${#policies[@]} -gt 0 ] || policies=("${all_policies[@]}")
  [ ${#archs[@]} -gt 0 ] || archs=("${all_archs[@]}")
  for policy in "${policies[@]}"; do
    for arch in "${archs[@]}"; do targets+=("${policy}_$arch"); done
  done
}
