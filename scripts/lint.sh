#!/usr/bin/env bash
# Formatting, the sizes of files, and clang-tidy over the project's own sources. The `lint` preset lets CMake put a
# module's sources into one file, so that the headers they share are read and searched once. A module whose sources
# repeat a private name opts out with UNITY_BUILD OFF.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t sources < <(git ls-files '*.cpp' '*.h')
clang-format-19 --dry-run --Werror "${sources[@]}"

long=$(wc -l "${sources[@]}" | awk '$2 != "total" && $1 > ($2 ~ /test\.cpp$/ ? 800 : 500) {print $2 " has " $1 " lines"}')
[ -z "$long" ] || { echo "Too long, look for the seam:"; echo "$long"; exit 1; }

mkdir -p build
cmake --preset lint >build/lint.log || { cat build/lint.log; exit 1; }
run-clang-tidy-19 -quiet -p build/lint '/src/homeostat/(?!.*_verify_interface_header_sets/)' >build/clang-tidy.log 2>&1 ||
  { grep -E 'error:|warning:' build/clang-tidy.log | sort -u; exit 1; }
echo "lint: ${#sources[@]} files are formatted, clang-tidy finds nothing"
