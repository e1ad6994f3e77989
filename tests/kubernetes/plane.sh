# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A Kubernetes control plane on loopback: TLS, RBAC, service accounts, admission, audit. Its nodes and pods are
# simulated by kwok: no container runs. A script sources this file and calls
#   plane_up FOLDER PROGRAM        starts everything, or what was stopped, with the state kept; sets $kubeconfig
#   plane_down FOLDER [PART...]    stops everything, or the named parts (to test an outage)
# PROGRAM is what build.sh made. KUBE_NODES (3) simulated nodes; KUBE_NODE_GRACE (8) seconds until a silent node
# is NotReady; PLANE_ADDRESS (127.0.0.1) where the API server listens. Ports are picked once for each FOLDER.
plane_sources=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
plane_parts=(etcd kube-apiserver kube-controller-manager kube-scheduler kwok)

# plane_pid FOLDER PART prints the process id of a part that runs. A process is known by its start time as well,
# so that a reused id is not mistaken for it.
plane_pid() {
  local pid began
  read -r pid began 2>/dev/null <"$1/run/$2.pid" || return 1
  [ -n "$began" ] && [ "$(plane_began "$pid")" = "$began" ] && echo "$pid"
}
plane_began() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  stat=${stat##*) }
  [[ $stat == Z* ]] || awk '{print $20}' <<<"$stat"
}

plane_down() {
  local folder=$1 part pid patience
  shift
  [ $# -gt 0 ] || set -- kwok kube-scheduler kube-controller-manager kube-apiserver etcd
  for part in "$@"; do
    pid=$(plane_pid "$folder" "$part") || continue
    kill "$pid" 2>/dev/null || true
    patience=100
    while plane_pid "$folder" "$part" >/dev/null; do
      [ $((patience -= 1)) -gt 0 ] || kill -9 "$pid" 2>/dev/null || true
      sleep 0.1
    done
  done
}

plane_up() {
  local folder program=$2 address=${PLANE_ADDRESS:-127.0.0.1} api etcd peer controllers scheduler kwok
  mkdir -p "$1"
  folder=$(cd "$1" && pwd)
  mkdir -m 700 -p "$folder"/{run,log,pki,etcd,audit}
  [ -e "$folder/run/ports" ] || plane_free_ports 6 >"$folder/run/ports"
  read -r api etcd peer controllers scheduler kwok <"$folder/run/ports"
  [ -e "$folder/pki/done" ] || (umask 077 && plane_make_pki "$folder/pki")
  kubeconfig=$folder/kubeconfig
  plane_kubeconfig "$folder" admin >"$kubeconfig"
  plane_start_control
  [ "${KUBE_NODES:-3}" -eq 0 ] || plane_start_nodes
  plane_await kube-controller-manager plane_ctl -n default get serviceaccount default
  plane_await kube-scheduler curl -skf --max-time 5 "https://127.0.0.1:$scheduler/readyz"
}

# Picked below the range that the system gives to clients, as they are not held until the servers listen.
plane_free_ports() {
  python3 - "$1" <<'END'
import random, socket, sys
found = []
while len(found) < int(sys.argv[1]):
    port = random.randint(20000, 32000)
    with socket.socket() as probe:
        if port not in found and probe.connect_ex(("127.0.0.1", port)) != 0:
            found.append(port)
print(*found)
END
}

# ---- keys ----
plane_make_pki() {
  local pki=$1 name
  plane_key "$pki/ca.key"
  openssl req -x509 -new -key "$pki/ca.key" -subj /CN=kubeplane -days 365 -out "$pki/ca.crt" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
  plane_key "$pki/accounts.key"
  openssl ec -in "$pki/accounts.key" -pubout -out "$pki/accounts.pub" 2>/dev/null
  plane_sign "$pki" server /CN=kube-apiserver "extendedKeyUsage=serverAuth
subjectAltName=IP:$address,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc"
  plane_sign "$pki" admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
  plane_sign "$pki" kwok /O=system:masters/CN=kwok extendedKeyUsage=clientAuth
  for name in kube-controller-manager kube-scheduler; do
    plane_sign "$pki" "$name" "/CN=system:$name" extendedKeyUsage=clientAuth
  done
  touch "$pki/done"
}
plane_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1" 2>/dev/null; }
plane_sign() {
  plane_key "$1/$2.key"
  openssl req -new -key "$1/$2.key" -subj "$3" |
    openssl x509 -req -CA "$1/ca.crt" -CAkey "$1/ca.key" -CAcreateserial -days 365 -extfile <(echo "$4") \
      -out "$1/$2.crt" 2>/dev/null
}
plane_kubeconfig() {
  cat <<END
apiVersion: v1
kind: Config
clusters:
- name: plane
  cluster:
    server: https://$address:$api
    certificate-authority-data: $(base64 -w0 "$1/pki/ca.crt")
users:
- name: $2
  user:
    client-certificate-data: $(base64 -w0 "$1/pki/$2.crt")
    client-key-data: $(base64 -w0 "$1/pki/$2.key")
contexts:
- name: plane
  context: {cluster: plane, user: $2}
current-context: plane
END
}

# ---- processes; they use the variables of plane_up ----
plane_launch() {
  local part=$1 pid
  shift
  ! plane_pid "$folder" "$part" >/dev/null || return 0
  HOME=$folder/run setsid "$program" "$part" "$@" </dev/null >>"$folder/log/$part.log" 2>&1 &
  pid=$!
  echo "$pid $(plane_began "$pid")" >"$folder/run/$part.pid"
}
# plane_await PART COMMAND... waits until the command succeeds, for two minutes at most.
plane_await() {
  local part=$1 deadline=$((SECONDS + 120))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$deadline" ] || ! plane_pid "$folder" "$part" >/dev/null; then
      echo "$part did not become ready:" >&2
      tail -n 15 "$folder/log/$part.log" >&2
      return 1
    fi
    sleep 0.1
  done
}
plane_ctl() { "$program" kubectl --kubeconfig "$folder/kubeconfig" "$@"; }

plane_start_control() {
  # Nothing here must outlive a power cut, so etcd need not wait for the disk.
  plane_launch etcd --name=plane --data-dir="$folder/etcd" --unsafe-no-fsync --log-level=warn \
    --listen-client-urls="http://127.0.0.1:$etcd" --advertise-client-urls="http://127.0.0.1:$etcd" \
    --listen-peer-urls="http://127.0.0.1:$peer" --initial-advertise-peer-urls="http://127.0.0.1:$peer" \
    --initial-cluster="plane=http://127.0.0.1:$peer"
  # The Service `kubernetes` leads to the API server unless that is on loopback, where no pod can reach it.
  local endpoints=lease
  [ "$address" != 127.0.0.1 ] || endpoints=none
  # Without its grace period for watches the API server does not end on SIGTERM while somebody watches.
  plane_launch kube-apiserver --bind-address="$address" --advertise-address="$address" --secure-port="$api" \
    --external-hostname=localhost --shutdown-watch-termination-grace-period=1s \
    --endpoint-reconciler-type=$endpoints --kubelet-preferred-address-types=InternalIP \
    --etcd-servers="http://127.0.0.1:$etcd" --service-cluster-ip-range=10.96.0.0/16 \
    --tls-cert-file="$folder/pki/server.crt" --tls-private-key-file="$folder/pki/server.key" \
    --client-ca-file="$folder/pki/ca.crt" --anonymous-auth=false --authorization-mode=Node,RBAC \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$folder/pki/accounts.pub" \
    --service-account-signing-key-file="$folder/pki/accounts.key" \
    --default-not-ready-toleration-seconds=5 --default-unreachable-toleration-seconds=5 \
    --audit-policy-file="$plane_sources/manifests/audit-policy.yaml" --audit-log-path="$folder/audit/audit.log" \
    --audit-log-mode=blocking-strict
  plane_await etcd curl -sf --max-time 5 "http://127.0.0.1:$etcd/health"
  plane_await kube-apiserver plane_ctl get --raw /readyz

  local part
  for part in kube-controller-manager kube-scheduler kwok; do
    plane_kubeconfig "$folder" "$part" >"$folder/run/$part.kubeconfig"
  done
  plane_launch kube-controller-manager --kubeconfig="$folder/run/kube-controller-manager.kubeconfig" \
    --bind-address=127.0.0.1 --secure-port="$controllers" --cert-dir="$folder/run/kube-controller-manager" \
    --leader-elect=false --use-service-account-credentials --root-ca-file="$folder/pki/ca.crt" \
    --service-account-private-key-file="$folder/pki/accounts.key" \
    --node-monitor-period=1s --node-monitor-grace-period="${KUBE_NODE_GRACE:-8}s"
  plane_launch kube-scheduler --kubeconfig="$folder/run/kube-scheduler.kubeconfig" --leader-elect=false \
    --bind-address=127.0.0.1 --secure-port="$scheduler" --cert-dir="$folder/run/kube-scheduler"
}

plane_start_nodes() {
  "$program" kwok-crds | plane_ctl apply --server-side -f - >/dev/null
  plane_ctl wait --for=condition=Established crd/stages.kwok.x-k8s.io --timeout=30s >/dev/null
  if ! plane_pid "$folder" kwok >/dev/null; then
    # kwok leaves the pods of a lost node alone only if it met the stages of nodes before those of pods, and it
    # waits for a lease of its former life to run out.
    plane_ctl delete -f "$plane_sources/manifests/pod-stages.yaml" --ignore-not-found >/dev/null
    plane_ctl -n kube-node-lease delete lease --all >/dev/null
  fi
  "$program" kwok-node-stages | plane_ctl apply --server-side -f - >/dev/null
  plane_launch kwok --kubeconfig="$folder/run/kwok.kubeconfig" --config=/dev/null --enable-crds=Stage \
    --manage-all-nodes=false --manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake \
    --node-lease-duration-seconds="${KUBE_NODE_GRACE:-8}" --node-ip=127.0.0.1 --server-address="127.0.0.1:$kwok"
  local i
  for ((i = 0; i < ${KUBE_NODES:-3}; i++)); do
    sed "s/NODE/node-$i/g" "$plane_sources/manifests/node.yaml"
  done | plane_ctl apply -f - >/dev/null # not server-side, which would drop the status
  plane_await kwok plane_ctl wait --for=condition=Ready node -l type=kwok --timeout=5s
  plane_await kwok plane_has_leases
  plane_ctl apply --server-side -f "$plane_sources/manifests/pod-stages.yaml" >/dev/null
}
plane_has_leases() {
  [ "$(plane_ctl -n kube-node-lease get lease --no-headers 2>/dev/null | wc -l)" -ge "${KUBE_NODES:-3}" ]
}
