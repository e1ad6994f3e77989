#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Debian's Prometheus reads Homeostat's /metrics: promtool finds no fault in it, and a server scrapes it.
source "$(dirname "$0")/../../lib.sh"
programs=$cache/prometheus/usr/bin

# Unpacks the package into the cache: nothing is installed, so nothing is started and no root is needed.
install_prometheus() {
  [ ! -x "$programs/promtool" ] || return 0
  command -v apt-get >/dev/null || skip "Prometheus comes from a Debian package, and there is no apt-get"
  echo "  (unpacking the package prometheus)"
  mkdir -p "$cache/prometheus"
  download_prometheus || { apt-get update -qq && download_prometheus; }
  dpkg-deb -x "$work"/package/prometheus_*.deb "$cache/prometheus"
}

download_prometheus() {
  local folder=$work/package
  mkdir -p "$folder"
  (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root prometheus)
}

# Another server would answer in our place if a fixed port were taken.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

promtool_is_content() {
  local said
  said=$(curl -fsS "$api/metrics" | "$programs/promtool" check metrics 2>&1) && [ -z "$said" ] ||
    { echo "$said"; return 1; }
}

# query PROMQL VALUE: the answer is this one value.
query_gives() {
  local answer
  answer=$(curl -fsS --get --data-urlencode "query=$1" "$prometheus/api/v1/query")
  python3 -c '
import json, sys
answer, wanted = sys.argv[1:]
values = [sample["value"][1] for sample in json.loads(answer)["data"]["result"]]
sys.exit(None if values == [wanted] else f"the answer is {answer}")' "$answer" "$2"
}

install_prometheus
start_node
check "promtool finds no fault in /metrics" promtool_is_content

port=$(free_port)
prometheus=http://127.0.0.1:$port
cat >"$work/prometheus.yml" <<END
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: homeostat, static_configs: [{targets: ['${api#http://}']}]}
END
begin prometheus "$programs/prometheus" --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
  --web.listen-address="127.0.0.1:$port" --log.level=warn
check "Prometheus runs" eventually 30 curl -fsS "$prometheus/-/ready"
check "it scrapes homeostat" eventually 30 query_gives 'up{job="homeostat"}' 1
check "it knows that the node is ready" eventually 10 query_gives 'homeostat_ready' 1
check "it knows the node by its label" eventually 10 query_gives 'homeostat_build_info{node="under-test"}' 1
cat >"$work/events" <<END
{"service": "web", "timestamp": $(date +%s.%N), "latencies_ms": [12], "responses": [{"status": 200}],\
 "cpu_percent": 1, "memory_mb": 64}
{"service": broken
END
check "a good and a bad event are taken" curl -fsS --data-binary "@$work/events" "$api/v1/events"
check "it counts the good one" eventually 20 query_gives 'homeostat_signals_total{kind="event"}' 1
check "it counts the bad one, with the reason" \
  eventually 20 query_gives 'homeostat_records_quarantined_total{reason="malformed"}' 1
