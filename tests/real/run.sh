#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tests against real servers and clients. Each folder here is one; its run.sh ends with 0 (passed),
# 77 (skipped, with the reason told) or anything else (failed).
#   usage: run.sh [ONLY]     ONLY: the name of one folder
# HOMEOSTAT names the binary; build/release/bin/homeostat unless it is set.
set -euo pipefail
cd "$(dirname "$0")"
only=${1:-}
[ -z "$only" ] || [ -x "$only/run.sh" ] || { echo "there is no test '$only' among: $(echo */ | tr -d /)" >&2; exit 2; }

passed=0 failed=0 skipped=0
for folder in */; do
  name=${folder%/}
  [ -z "$only" ] || [ "$only" = "$name" ] || continue
  echo "== $name"
  code=0
  "$name/run.sh" || code=$?
  case $code in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    130) exit 130 ;;
    *) failed=$((failed + 1)) ;;
  esac
done
echo "real: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
