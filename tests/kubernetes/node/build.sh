#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds what a real node needs (kubelet, kube-proxy, containerd with its shim and ctr, the pods' first process) into
# FOLDER, once for each version of its source.
#   usage: build.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p "$1"
folder=$(cd "$1" && pwd)

wanted=$( (go env GOVERSION && cat build.sh pause.c ./*/go.mod ./*/go.sum) | sha256sum)
[ "$(cat "$folder/node-built" 2>/dev/null)" != "$wanted" ] || exit 0
rm -f "$folder/node-built"

# build MODULE LINKER_FLAGS PACKAGE...
build() {
  local module=$1 flags=$2
  shift 2
  (cd "$module" && CGO_ENABLED=0 go build -mod=readonly -buildvcs=false -trimpath \
    -tags no_btrfs,no_zfs,no_devmapper -ldflags "-s -w $flags" -o "$folder/" "$@")
}
version_of() { awk -v module="$2" '$1 == module {print $2; exit}' "$1/go.mod"; }

build kubelet "-X k8s.io/component-base/version.gitVersion=$(version_of kubelet k8s.io/kubernetes)" \
  k8s.io/kubernetes/cmd/kubelet k8s.io/kubernetes/cmd/kube-proxy
containerd=github.com/containerd/containerd/v2
version=$(version_of containerd $containerd)
build containerd "-X $containerd/version.Version=${version#v}" \
  $containerd/cmd/containerd $containerd/cmd/containerd-shim-runc-v2 $containerd/cmd/ctr
gcc -static -Os -s -o "$folder/pause" pause.c
echo "$wanted" >"$folder/node-built"
