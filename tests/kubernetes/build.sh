#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds `kubeplane` (etcd, the Kubernetes control plane, kwok and kubectl in one program) into FOLDER, once for
# each version of its source. About 8 minutes of CPU the first time.
#   usage: build.sh FOLDER
set -euo pipefail
source_folder=$(cd "$(dirname "$0")/kubeplane" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$source_folder"

wanted=$( (go env GOVERSION && cat go.mod go.sum main.go) | sha256sum)
[ "$(cat "$folder/built" 2>/dev/null)" != "$wanted" ] || exit 0
rm -f "$folder/built"
version=$(awk '$1 == "k8s.io/kubernetes" {print $2; exit}' go.mod)
CGO_ENABLED=0 go build -mod=readonly -buildvcs=false -trimpath -o "$folder/kubeplane" \
  -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" .
echo "$wanted" >"$folder/built"
