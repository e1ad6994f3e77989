#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the benchmarks, runs them and their peers one after the other, and prints one table. The peer of ingest
# is a Collector, where Go is there to build it.
#   usage: run.sh BUILD      BUILD: a build folder, of the release preset
# What the peers need is kept outside the work tree.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 BUILD" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$1
targets=(features graph detect diagnose policy twin adapters_bus_embedded adapters_system)
targets=("${targets[@]/#/homeostat_}")
targets=("${targets[@]/%/_bench}")

cmake --build "$build" --target ingest_bench verdict_bench "${targets[@]}" >"$build/bench.log" ||
  { tail -n 20 "$build/bench.log" >&2; exit 1; }

peer=${XDG_CACHE_HOME:-$HOME/.cache}/homeostat/scikit-learn
wanted="scikit-learn==1.9.1 numpy==2.4.6"
if [ "$(cat "$peer/installed" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$peer"
  python3 -m venv "$peer"
  # shellcheck disable=SC2086
  "$peer/bin/python" -m pip install --quiet --disable-pip-version-check $wanted
  echo "$wanted" >"$peer/installed"
fi

collector=
if command -v go >/dev/null; then
  "$here/../tests/real/otelcol/install.sh" "${XDG_CACHE_HOME:-$HOME/.cache}/homeostat/otelcol"
  collector=${XDG_CACHE_HOME:-$HOME/.cache}/homeostat/otelcol/otelcol
fi

# One thread each, so that one core is compared with one core.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
exec python3 "$here/table.py" "$build" "$peer/bin/python" "$collector"
