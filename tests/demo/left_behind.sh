# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What a demo may not leave behind; after tests/lib.sh.

# Prints the id of each process of a shop of this test: its arguments or its environment name a folder in $work.
shop_processes() {
  local process words
  for process in /proc/[0-9]*; do
    words=$(cat "$process/cmdline" "$process/environ" 2>/dev/null | tr '\0' ' ') || continue
    # shellcheck disable=SC2154
    [[ $words == *homeostat-shop\ *"$work/"* ]] && basename "$process"
  done
  return 0
}

nothing_left_behind() {
  local left
  left="$(shop_processes)$(find "$work" -maxdepth 1 -name 'homeostat-demo-*')"
  [ -z "$left" ] || { echo "left behind: $left"; return 1; }
}
