#!/usr/bin/env bash
# Unit tests under the sanitizers: address with undefined behaviour for the core and what reads outside bytes,
# thread for what has threads of its own. Usage: sanitize.sh [all]; `all` takes every module's unit tests.
set -euo pipefail
cd "$(dirname "$0")/.."

run() {  # preset, then the modules
  local preset=$1
  shift
  test -f "build/$preset/build.ninja" || cmake --preset "$preset" >/dev/null
  cmake --build "build/$preset" --target "${@/%/_test}"
  ctest --preset "$preset" -L unit -R "^($(IFS='|'; echo "${*/#homeostat_/}"))\\." -j "$(nproc)"
}

if [ "${1:-}" = all ]; then
  for preset in asan tsan; do
    test -f "build/$preset/build.ninja" || cmake --preset "$preset" >/dev/null
    cmake --build "build/$preset" --target unit_tests
    ctest --preset "$preset" -L unit -j "$(nproc)"
  done
  exit
fi
core=(base model telemetry features detect graph diagnose plan policy verify act audit loop config)
adapters=(adapters_yaml adapters_system adapters_http adapters_ingest adapters_bus_embedded adapters_graphstore)
run asan "${core[@]/#/homeostat_}" "${adapters[@]/#/homeostat_}"
run tsan homeostat_adapters_system homeostat_adapters_http homeostat_adapters_bus_embedded
