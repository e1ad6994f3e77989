# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of the whole program share; each sources it. $work is a folder of this run, and it goes away
# with every process that begin() started when the test ends.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
homeostat=${HOMEOSTAT:-$repository/build/release/bin/homeostat}
# Programs of others, kept between runs.
# shellcheck disable=SC2034
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homeostat
work=$(mktemp -d)
begun=()
clean_up() {
  local pid
  for pid in "${begun[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${begun[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

[ -x "$homeostat" ] || { echo "there is no $homeostat: build it with \`make build\`" >&2; exit 1; }

# begin NAME COMMAND... starts a process whose output is in $work/NAME.log; its id is in $!.
begin() {
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 </dev/null &
  begun+=($!)
}

# eventually SECONDS COMMAND... waits until the command succeeds.
eventually() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# check WHAT COMMAND... tells what is checked; the test ends when it does not hold.
check() {
  local what=$1
  shift
  if "$@" >"$work/check.out" 2>&1; then
    echo "  ok    $what"
    return
  fi
  echo "  FAIL  $what"
  uniq "$work/check.out" | tail -n 10 | sed 's/^/        /'
  local log
  for log in "$work"/*.log; do tail -n 5 "$log" | sed "s|^|        $(basename "$log"): |"; done
  exit 1
}

# skip WHY ends the test as one that could not be run here.
skip() {
  echo "  skipped: $1"
  exit 77
}

# start_node starts `homeostat run` on ports of its choice: $api, $otlp_http and $otlp_grpc are their URLs.
start_node() {
  cat >"$work/config.yaml" <<END
node: {name: under-test, data_dir: $work/data}
ingest:
  otlp_grpc: {listen: '127.0.0.1:0'}
  otlp_http: {listen: '127.0.0.1:0'}
api: {listen: '127.0.0.1:0'}
END
  begin node "$homeostat" run -c "$work/config.yaml"
  check "homeostat runs" eventually 20 grep -q '"otlp_grpc":' "$work/node.log"
  api=$(node_says api) otlp_http=$(node_says otlp_http) otlp_grpc=$(node_says otlp_grpc)
  check "it is ready" eventually 20 curl -fsS "$api/readyz"
}
node_says() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/node.log"; }

# metric NAME{LABELS} prints its value, as /metrics tells it.
metric() { curl -fsS "$api/metrics" | awk -v name="$1" '$1 == name {print $2}'; }

# metric_is NAME{LABELS} VALUE
metric_is() {
  local found
  found=$(metric "$1")
  [ "$found" = "$2" ] || { echo "$1 is ${found:-absent}, not $2"; return 1; }
}

# python_env NAME PACKAGE==VERSION... makes a virtual environment in the cache, once; $python is its interpreter.
python_env() {
  local folder=$cache/$1
  shift
  python=$folder/bin/python
  [ "$(cat "$folder/installed" 2>/dev/null)" != "$*" ] || return 0
  echo "  (installing $*)"
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$python" -m pip install --quiet --disable-pip-version-check "$@"
  echo "$*" >"$folder/installed"
}
