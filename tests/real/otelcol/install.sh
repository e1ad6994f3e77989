#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds an OpenTelemetry Collector from its Go modules into FOLDER, once for each manifest.
#   usage: install.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
builder_version=v0.161.0
mkdir -p "$1"
cd "$1"

wanted=$(sha256sum <"$here/manifest.yaml")
[ "$(cat installed 2>/dev/null)" != "$wanted" ] || exit 0
rm -rf src installed
GOBIN=$PWD go install -trimpath -ldflags='-s -w' "go.opentelemetry.io/collector/cmd/builder@$builder_version"
./builder --config "$here/manifest.yaml" >build.log 2>&1 || { tail -n 20 build.log >&2; exit 1; }
mv src/otelcol .
rm -rf src builder
echo "$wanted" >installed
