#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Acts on a real Kubernetes control plane: each action and its undo, budgets, rights, conflicts, outages.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../lib.sh"
source "$here/../../kubernetes/plane.sh"
program=$cache/kubernetes/kubeplane
tests=$(dirname "$homeostat")/homeostat-kubernetes-test

[ -x "$tests" ] || skip "there is no $tests: the build is one without tests"
for tool in openssl curl awk python3; do
  command -v "$tool" >/dev/null || skip "no $tool, which the control plane's script needs"
done
if [ ! -x "$program" ]; then
  command -v go >/dev/null || skip "no Go, with which the control plane is built"
  echo "  (building the control plane: some minutes, once)"
fi
"$here/../../kubernetes/build.sh" "$cache/kubernetes"

trap 'plane_down "$work/plane"; clean_up' EXIT
check "the control plane is up" plane_up "$work/plane" "$program"
export KUBECONFIG=$kubeconfig PLANE=$work/plane PLANE_PROGRAM=$program PLANE_SCRIPTS=$here/../../kubernetes
"$tests" --gtest_brief=1 | sed 's/^/  /'
