#!/usr/bin/env bash
# The unit tests under the sanitizers: address with undefined behaviour, then thread.
set -euo pipefail
cd "$(dirname "$0")/.."
for preset in asan tsan; do
  test -f "build/$preset/build.ninja" || cmake --preset "$preset" >/dev/null
  cmake --build "build/$preset" --target unit_tests
  ctest --preset "$preset" -L unit -j "$(nproc)"
done
