# SPDX-License-Identifier: Apache-2.0
"""What a million spans cost an OpenTelemetry Collector that throws them away: the floor of the usual way.

usage: peer_collector.py COLLECTOR INGEST_BENCH PROTOCOL BATCHES      PROTOCOL: grpc or http; of 1,000 spans each
"""
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

CONFIG = """
receivers:
  otlp: {{protocols: {{{protocol}: {{endpoint: '127.0.0.1:{port}'}}}}}}
exporters:
  nop:
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [nop]}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, seconds=30):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"the Collector does not listen on port {port}")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    collector, bench, protocol, batches = sys.argv[1:]
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(CONFIG.format(protocol=protocol, port=port))
        config.flush()
        process = subprocess.Popen([collector, "--config", config.name], stderr=subprocess.DEVNULL)
        try:
            wait_for(port, process)
            before = cpu_seconds(process.pid)
            subprocess.run([bench, "load", protocol, str(port), batches], check=True)
            used = cpu_seconds(process.pid) - before
        finally:
            process.terminate()
            process.wait()
    print(f"Collector/{protocol} {used / (int(batches) / 1000):.3f} CPU-s per million spans")


main()
