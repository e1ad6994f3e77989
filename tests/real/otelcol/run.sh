#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An OpenTelemetry Collector takes what the SDK exports and forwards it, batched and compressed with gzip.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../lib.sh"
source "$here/../opentelemetry-sdk/sdk.sh"
collector=$cache/otelcol/otelcol

# start_collector EXPORTER ENDPOINT: takes OTLP/HTTP on $port and forwards by this exporter.
start_collector() {
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cat >"$work/$1.yaml" <<END
receivers:
  otlp: {protocols: {http: {endpoint: '127.0.0.1:$port'}}}
processors:
  batch: {timeout: 100ms}
exporters:
  $1: {endpoint: '$2', compression: gzip, tls: {insecure: true}}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [$1]}
    metrics: {receivers: [otlp], processors: [batch], exporters: [$1]}
    logs: {receivers: [otlp], processors: [batch], exporters: [$1]}
END
  begin "$1" "$collector" --config "$work/$1.yaml"
  check "the Collector with the exporter $1 runs" eventually 30 grep -q 'Everything is ready' "$work/$1.log"
}

if [ ! -x "$collector" ]; then
  command -v go >/dev/null || skip "no Go, with which the Collector is built"
  echo "  (building the Collector: some minutes, once)"
fi
"$here/install.sh" "$cache/otelcol"
install_sdk
start_node

start_collector otlp_grpc "${otlp_grpc#http://}"
export_by http "http://127.0.0.1:$port" over-grpc
check_arrived "from the Collector by gRPC" over-grpc
start_collector otlp_http "$otlp_http"
export_by http "http://127.0.0.1:$port" over-http
check_arrived "from the Collector by HTTP" over-http
check_nothing_lost
