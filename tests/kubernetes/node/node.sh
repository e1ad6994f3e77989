# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A real node beside the control plane of plane.sh: kubelet, kube-proxy, containerd and runc run real pods. A script
# sources this file after plane.sh and calls
#   enclosed COMMAND...        runs it in network, mount and process namespaces of its own: nothing gets out, and when
#                              COMMAND ends, however it ends, the kernel ends all that it started
# and within that
#   node_up FOLDER PROGRAMS    starts a control plane and the node real-0; sets $kubeconfig. PROGRAMS: the folder that
#                              both build.sh filled
#   node_load ARCHIVE          gives the node an image that image.sh made
# and, outside of it and afterwards,
#   node_forget FOLDER         removes what remains on the machine: empty control groups and mount points
# Pods are at 10.88.0.10 and up, Services at 10.96.0.0/16, the API server at 10.88.0.1 and, for pods, 10.96.0.1. There
# is no DNS: pods find Services by the variables that the kubelet sets.
node_sources=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node_address=10.88.0.1

enclosed() { exec unshare --net --mount --propagation private --pid --fork --kill-child --mount-proc -- "$@"; }

node_up() {
  local folder program=$2/kubeplane address=$node_address api group
  mkdir -p "$1"
  folder=$(cd "$1" && pwd)
  node=$folder/node node_programs=$2
  group=$(node_group "$folder")
  node_start_network
  PLANE_ADDRESS=$node_address KUBE_NODES=0 plane_up "$folder" "$program"
  read -r api _ <"$folder/run/ports"
  node_prepare_machine
  node_start_containerd
  node_start_kubelet
}

node_load() { node_ctr images import "$1" >/dev/null; }

node_forget() {
  local tree patience=100
  for tree in /sys/fs/cgroup/{*/,}"$(node_group "$1")"; do
    # The last processes may still be ending.
    while [ -d "$tree" ] && ! find "$tree" -depth -type d -exec rmdir {} + 2>/dev/null; do
      [ $((patience -= 1)) -gt 0 ] || { echo "$tree cannot be removed" >&2; break; }
      sleep 0.1
    done
  done
  rmdir /var/lib/kubelet /var/lib/cni 2>/dev/null || true
}

node_group() { echo "homeostat-$(echo "$1" | sha256sum | cut -c 1-8)"; }
node_ctr() { CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS=1 "$node_programs/ctr" --address "$node/containerd.sock" -n k8s.io "$@"; }

# ---- the steps of node_up, whose variables they use ----
node_start_network() {
  ip link set lo up
  ip link add pods0 type bridge
  ip link set pods0 up
  ip addr add "$node_address/16" dev pods0
  ip route add 10.96.0.0/16 dev pods0 # the rules of kube-proxy take over from here
  echo 1 >/proc/sys/net/ipv4/ip_forward
}

# What the kubelet and containerd keep at fixed places goes below $node or into memory, and the settings of the whole
# machine that the kubelet would change look to it as it wants them.
node_prepare_machine() {
  mkdir -p "$node"/{kubelet,cni,cni-conf,containerd,pod-logs} /var/lib/kubelet /var/lib/cni
  mount --bind "$node/kubelet" /var/lib/kubelet
  mount --bind "$node/cni" /var/lib/cni
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t tmpfs -o mode=755 tmpfs /var/log
  local setting file tree
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    file=$node/sysctl/${setting%=*}
    mkdir -p "${file%/*}"
    echo "${setting#*=}" >"$file"
    mount --bind "$file" "/proc/sys/${setting%=*}"
  done
  # Where control groups are of version 1, each tree needs the pods' folder.
  for tree in /sys/fs/cgroup/ /sys/fs/cgroup/*/; do
    [ -e "$tree/cgroup.procs" ] && [ "$(stat -fc %T "$tree")" != tmpfs ] || continue
    mkdir -p "$tree/$group"
    [ ! -e "$tree/$group/cpuset.cpus" ] || [ -e "$tree/cgroup.controllers" ] ||
      { cat "$tree/cpuset.cpus" >"$tree/$group/cpuset.cpus" && cat "$tree/cpuset.mems" >"$tree/$group/cpuset.mems"; }
    [ ! -e /sys/fs/cgroup/cgroup.controllers ] || break
  done
}

node_start_containerd() {
  cat >"$node/containerd.toml" <<END
version = 3
root = '$node/containerd'
state = '/run/containerd'
[grpc]
  address = '$node/containerd.sock'
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = 'localhost/pause:1'
[plugins.'io.containerd.cri.v1.runtime']
  # Without CAP_SYS_RESOURCE nobody may lower a process's OOM score.
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    BinaryName = '/usr/sbin/runc'
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['/usr/lib/cni']
  conf_dir = '$node/cni-conf'
END
  cat >"$node/cni-conf/10-pods.conflist" <<END
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods0", "hairpinMode": true, "ipam": {
    "type": "host-local", "routes": [{"dst": "10.96.0.0/16"}],
    "ranges": [[{"subnet": "10.88.0.0/16", "gateway": "$node_address",
                 "rangeStart": "10.88.0.10", "rangeEnd": "10.88.3.250"}]]}}]}
END
  PATH=$node_programs:$PATH node_launch containerd "$node_programs/containerd" --config "$node/containerd.toml" --log-level warn
  plane_await containerd node_ctr version
  "$node_sources/image.sh" "$node/pause.tar" localhost/pause:1 "$node_programs/pause"
  node_load "$node/pause.tar"
}

# A part that is no part of the control plane's program.
node_launch() {
  local part=$1
  shift
  setsid "$@" </dev/null >>"$folder/log/$part.log" 2>&1 &
  echo "$! $(plane_began $!)" >"$folder/run/$part.pid"
}

node_start_kubelet() {
  local part
  for part in kubelet/O=system:nodes/CN=system:node:real-0 kube-proxy/CN=system:kube-proxy; do
    plane_sign "$folder/pki" "${part%%/*}" "/${part#*/}" extendedKeyUsage=clientAuth
    plane_kubeconfig "$folder" "${part%%/*}" >"$folder/run/${part%%/*}.kubeconfig"
  done
  cat >"$node/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_address
healthzBindAddress: $node_address
# Whoever can reach it is in our network, from which nothing gets out.
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://$node/containerd.sock
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /$group
failSwapOn: false
oomScoreAdj: 0
resolvConf: ""
podLogsDir: $node/pod-logs
# Images came by hand and cannot be pulled again: they are never cleaned up.
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%, imagefs.inodesFree: 1%}
END
  node_launch kubelet "$node_programs/kubelet" --config="$node/kubelet.yaml" --kubeconfig="$folder/run/kubelet.kubeconfig" \
    --hostname-override=real-0 --node-ip="$node_address"
  node_launch kube-proxy "$node_programs/kube-proxy" --proxy-mode=nftables --masquerade-all \
    --kubeconfig="$folder/run/kube-proxy.kubeconfig" --hostname-override=real-0 --bind-address="$node_address" \
    --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
  plane_await kubelet plane_ctl wait --for=condition=Ready node/real-0 --timeout=5s
}
