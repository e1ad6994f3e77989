#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts a whole Kubernetes cluster on this machine, with a real node; the shop and Homeostat as pods in it; breaks the
# shop again and again and watches it being healed. Everything is gone afterwards. Needs root and Go.
#   usage: demo.sh [ARGUMENT OF homeostat demo]...
# HOMEOSTAT names the binary; build/release/bin/homeostat unless it is set.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
source "$here/plane.sh"
source "$here/node/node.sh"
homeostat=${HOMEOSTAT:-$repository/build/release/bin/homeostat}
programs=${XDG_CACHE_HOME:-$HOME/.cache}/homeostat/kubernetes
say() { echo "demo: $*" >&2; }

need() {
  [ "$(id -u)" -eq 0 ] || { say "a node needs root: run it as root or with sudo"; exit 1; }
  [ -x "$homeostat" ] || { say "there is no $homeostat: build it with \`make build\`"; exit 1; }
  command -v go >/dev/null || { say "there is no Go, with which Kubernetes is built"; exit 1; }
  local tool
  for tool in runc nft ip /usr/lib/cni/bridge; do
    command -v "$tool" >/dev/null && continue
    say "there is no $tool: apt-get install runc containernetworking-plugins nftables iproute2"
    exit 1
  done
}

build() {
  [ -e "$programs/node-built" ] || say "building Kubernetes: some minutes, once"
  "$here/build.sh" "$programs"
  "$here/node/build.sh" "$programs"
}

# ---- within the namespaces ----
load_images() {
  local shop version
  shop=$(dirname "$homeostat")/homeostat-shop
  "$here/node/image.sh" "$1/homeostat.tar" homeostat:demo "$homeostat"
  "$here/node/image.sh" "$1/v1.tar" homeostat-shop:v1 -e SHOP_VERSION=v1 "$shop"
  "$here/node/image.sh" "$1/v2.tar" homeostat-shop:v2 -e SHOP_VERSION=v2 -e SHOP_FAIL_RATIO=0.6 "$shop"
  for version in homeostat v1 v2; do node_load "$1/$version.tar"; done
}

kubectl() { "$programs/kubeplane" kubectl --kubeconfig "$kubeconfig" "$@"; }

# secret NAMESPACE NAME KEY=FILE...
secret() {
  local where=$1 name=$2
  shift 2
  kubectl -n "$where" create secret generic "$name" "${@/#/--from-file=}" >/dev/null
}

start_homeostat() {
  local pki=$1/pki playbooks=$1/playbooks
  kubectl apply -f "$here/node/service.yaml" >/dev/null
  address=$(kubectl -n homeostat get service homeostat -o 'jsonpath={.spec.clusterIP}')
  plane_sign "$pki" homeostat /CN=homeostat "extendedKeyUsage=serverAuth
subjectAltName=DNS:homeostat.homeostat.svc,IP:$address"
  openssl rand -hex 32 | tr -d "\n" >"$1/token" # it becomes part of a header
  secret homeostat homeostat-tls tls.crt="$pki/homeostat.crt" tls.key="$pki/homeostat.key"
  secret homeostat homeostat-token token="$1/token"

  mkdir "$playbooks"
  cp "$repository"/examples/playbooks/{restart-instance,restart-service,roll-back,scale-out}.yaml \
    "$here/node/quarantine.yaml" "$playbooks"
  kubectl -n homeostat create configmap homeostat-config --from-file=homeostat.yaml="$here/node/config.yaml" >/dev/null
  kubectl -n homeostat create configmap homeostat-playbooks --from-file="$playbooks" >/dev/null
  sed "s|/etc/homeostat/playbooks|$playbooks|" "$here/node/config.yaml" >"$1/config.yaml"
  kubectl create namespace shop >/dev/null
  "$homeostat" rbac "$1/config.yaml" | kubectl apply -f - >/dev/null
  kubectl apply -f "$here/node/homeostat.yaml" >/dev/null
}

start_shop() {
  secret shop homeostat-ingest token="$1/token" ca.crt="$1/pki/ca.crt"
  # There is no DNS in this cluster.
  kubectl kustomize "$repository/examples/shop/kubernetes" | sed "s|homeostat.homeostat.svc|$address|" |
    kubectl apply -f - >/dev/null
}

within() {
  local folder=$1
  shift
  trap 'exit 130' INT TERM
  say "starting the control plane and the node"
  node_up "$folder" "$programs"
  say "loading images, starting Homeostat and the shop"
  load_images "$folder"
  start_homeostat "$folder"
  start_shop "$folder"
  "$homeostat" demo --kubeconfig "$kubeconfig" --api "https://$address:8420" \
    --token-file "$folder/token" --ca-file "$folder/pki/ca.crt" "$@"
}

end() {
  trap '' INT TERM # a second one must not cut this short
  [ -z "${cluster:-}" ] || { kill -9 "$cluster" 2>/dev/null || true; wait "$cluster" 2>/dev/null || true; }
  node_forget "$work/cluster"
  rm -rf "$work"
}

if [ "${1:-}" = --within ]; then
  shift
  within "$@"
  exit
fi
need
build
work=$(mktemp -d)
trap end EXIT
trap 'exit 130' INT TERM
mkdir "$work/cluster"
enclosed "${BASH_SOURCE[0]}" --within "$work/cluster" "$@" &
cluster=$!
wait "$cluster"
