#!/usr/bin/env bash
# Formatting, the sizes of files, and clang-tidy over the project's own sources.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t sources < <(git ls-files '*.cpp' '*.h')
clang-format-19 --dry-run --Werror "${sources[@]}"

long=$(wc -l "${sources[@]}" | awk '$2 != "total" && $1 > ($2 ~ /test\.cpp$/ ? 800 : 500) {print $2 " has " $1 " lines"}')
[ -z "$long" ] || { echo "Too long, look for the seam:"; echo "$long"; exit 1; }

test -f build/release/compile_commands.json || cmake --preset release >/dev/null
mapfile -t checked < <(git ls-files 'src/*.cpp' | grep -vE '\.(test|fuzz|bench|integration)\.cpp$')
run-clang-tidy-19 -quiet -p build/release "${checked[@]/#/$PWD/}" >build/clang-tidy.log 2>&1 ||
  { grep -E 'error:|warning:' build/clang-tidy.log | sort -u; exit 1; }
echo "lint: ${#sources[@]} files are formatted, clang-tidy finds nothing in ${#checked[@]}"
