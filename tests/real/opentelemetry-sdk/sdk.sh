# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Exports by the SDK and checks what came of it; after tests/lib.sh and start_node.
# shellcheck disable=SC2154
exporting=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/export.py
sent_spans=0 sent_metrics=0 sent_logs=0

install_sdk() {
  python_env opentelemetry-sdk opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-grpc==1.45.2 \
    opentelemetry-exporter-otlp-proto-http==1.45.2
}

# export_by grpc|http ENDPOINT SUFFIX
export_by() {
  local spans metrics logs
  check "the SDK exports by $1" run_export "$@"
  read -r spans metrics logs <"$work/sent"
  sent_spans=$((sent_spans + spans)) sent_metrics=$((sent_metrics + metrics)) sent_logs=$((sent_logs + logs))
}
run_export() { timeout 60 "$python" "$exporting" "$@" >"$work/sent"; }

# check_arrived HOW SUFFIX: all that was exported up to now is counted, and the call was understood.
check_arrived() {
  check "$sent_spans spans have arrived $1" eventually 20 metric_is 'homeostat_signals_total{kind="span"}' "$sent_spans"
  check "$sent_metrics metrics have arrived $1" \
    eventually 20 metric_is 'homeostat_signals_total{kind="metric"}' "$sent_metrics"
  check "$sent_logs log records have arrived $1" \
    eventually 20 metric_is 'homeostat_signals_total{kind="log"}' "$sent_logs"
  check "the graph has web-$2 -> store-$2, and nothing else of them" eventually 20 graph_has "web-$2" "store-$2"
}

# graph_has CALLER CALLEE: this edge is the only one that touches either.
graph_has() {
  curl -fsS "$api/v1/graph" | python3 -c '
import json, sys
caller, callee = sys.argv[1:]
edges = [(edge["caller"], edge["callee"]) for edge in json.load(sys.stdin)["edges"]]
touching = [edge for edge in edges if {caller, callee} & set(edge)]
sys.exit(None if touching == [(caller, callee)] else f"edges: {edges}")' "$1" "$2"
}

check_nothing_lost() {
  check "no request was malformed" metric_is homeostat_payloads_malformed_total 0
  check "no request was shed" metric_is homeostat_payloads_shed_total 0
  check "nothing was late" metric_is homeostat_signals_late_total 0
}
