#!/usr/bin/env bash
# The unit and integration tests under AddressSanitizer with UndefinedBehaviorSanitizer, then under ThreadSanitizer.
# What a sanitizer cannot judge is left out by the test presets (CMakePresets.json): the planted mistakes of the
# simulator, which need too much time, and under ThreadSanitizer the calls over gRPC, whose library is not
# instrumented: it hands its objects from thread to thread in ways that the sanitizer does not see.
set -euo pipefail
cd "$(dirname "$0")/.."

for preset in asan tsan; do
  cmake --preset "$preset" >/dev/null
  cmake --build "build/$preset" --target unit_tests integration_tests
  ctest --preset "$preset" -j "$(nproc)"
done
