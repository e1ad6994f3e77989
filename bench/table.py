# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks and prints one table: figure, value, target, command.

usage: table.py BUILD PYTHON COLLECTOR      PYTHON: an interpreter that has the peer's packages
                                            COLLECTOR: an OpenTelemetry Collector, or "" where there is none
A figure that misses its target is marked, and does not fail the run: the machine may be busy.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

BUILD, PYTHON, COLLECTOR = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
HERE = pathlib.Path(__file__).parent
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def run(*command):
    """What the command prints; it is run once, however often it is asked for."""
    if command not in run.known:
        print("running", " ".join(command), file=sys.stderr)
        run.known[command] = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    return run.known[command]


run.known = {}


def line(command, name):
    """The value of a line `NAME VALUE UNIT`."""
    return float(re.search(rf"^{name} (\S+)", run(*command), re.M).group(1))


def google(module, name, what, scale):
    """A figure of a module's benchmark: seconds of CPU time a round ("time") or items a CPU-second ("items")."""
    report = json.loads(run(*module_command(module)))
    row = next(row for row in report["benchmarks"] if row["name"] == name)
    value = row["cpu_time"] * UNITS[row["time_unit"]] if what == "time" else row["items_per_second"]
    return value * scale


def module_command(module):
    name = module.replace("/", "_")
    return (str(BUILD / "src/homeostat" / module / f"homeostat_{name}_bench"), "--benchmark_format=json")


def module_row(figure, module, name, what, scale, unit, target=None):
    return figure, google(module, name, what, scale), unit, target, " ".join(module_command(module)[:1])


def line_row(figure, command, name, unit, target=None):
    return figure, line(command, name), unit, target, " ".join(command)


def ingest_row(figure, protocol, target):
    command = (str(BUILD / "bench/ingest_bench"),)
    value = re.search(rf"OTLP/{protocol}\s+(\S+) CPU-s", run(*command)).group(1)
    return figure, float(value), "CPU-s", target, command[0]


def collector_rows():
    """What the same load costs a Collector, where there is one."""
    for protocol, name in (("grpc", "gRPC"), ("http", "HTTP")) if COLLECTOR else ():
        command = ("python3", str(HERE / "peer_collector.py"), COLLECTOR, str(BUILD / "bench/ingest_bench"), protocol,
                   "2000")
        value = re.search(r"(\S+) CPU-s", run(*command)).group(1)
        yield f"peer: a Collector, a million spans over OTLP/{name}, to nothing", float(value), "CPU-s", None, command[1]


def rows():
    def verdict(what):
        return (str(BUILD / "bench/verdict_bench"), what)

    peer = (PYTHON, str(HERE / "peer_forest.py"))
    yield ingest_row("a million spans over OTLP/gRPC, to features", "grpc", ("<=", 0.30))
    yield ingest_row("a million spans over OTLP/HTTP, to features", "http", ("<=", 0.20))
    yield from collector_rows()
    yield line_row("JSON events to verdicts, one core", verdict("events"), "events_per_second", "1/s", (">=", 200_000))
    yield line_row("JSON event to verdict, 99 of 100", verdict("events"), "event_p99", "us", ("<", 50))
    yield line_row("JSON event to verdict, the worst", verdict("events"), "event_max", "us")
    yield line_row("peer: json.loads + scikit-learn predict", peer, "events_per_second", "1/s")
    yield module_row("Isolation Forest of 100 trees, one row", "detect", "forest_one_row", "time", 1e6, "us",
                     ("<", 1.5))
    yield module_row("Isolation Forest, a row of a batch", "detect", "forest_batch", "time", 1e6 / 16_384, "us",
                     ("<", 0.7))
    yield line_row("peer: scikit-learn, a row of a batch", peer, "forest_batch", "us")
    yield line_row("decision: windows of a crash to the order", verdict("decision"), "decision_p50", "us")
    yield line_row("memory of a series", verdict("memory"), "memory_per_series", "bytes")
    yield line_row("memory of a service or an instance", verdict("memory"), "memory_per_subject", "KiB")
    yield module_row("a span to features, in runs of 20", "features", "on_span/spans_in_a_row:20", "time", 1e9, "ns")
    yield module_row("a window judged, of 1,000 subjects", "detect", "observe_quiet/1000", "time", 1e6, "us")
    yield module_row("a window of an edge into the graph", "graph", "observe_edge_window", "items", 1, "1/s")
    yield module_row("everything upstream of one service", "graph", "upstream_of_the_last", "time", 1e6, "us")
    yield module_row("a diagnosis, 200 services all slow", "diagnose", "slow_store_under_two_hundred_services", "time",
                     1e3, "ms")
    yield module_row("a diagnosis, one slow of 200", "diagnose", "one_slow_service_among_two_hundred", "time", 1e3,
                     "ms")
    yield module_row("a verdict of the policy, 30 acts remembered", "policy", "judge/30", "time", 1e6, "us")
    yield module_row("simulated windows of 50 services", "twin", "quiet_world/50", "items", 1, "1/s")
    yield from every_row("records through the bus", "adapters/bus/embedded", "publish_and_poll")
    yield from every_row("records appended to the log", "adapters/system", "append_and_commit")
    yield module_row("records read from the log", "adapters/system", "read", "items", 1, "1/s")


def every_row(figure, module, prefix):
    """A row for each argument that the benchmark is run with."""
    for row in json.loads(run(*module_command(module)))["benchmarks"]:
        if row["name"].startswith(prefix):
            argument = row["name"].removeprefix(prefix).strip("/")
            yield f"{figure} ({argument})", row["items_per_second"], "1/s", None, module_command(module)[0]


def judged(value, target):
    if target is None:
        return ""
    relation, limit = target
    met = value >= limit if relation == ">=" else value <= limit if relation == "<=" else value < limit
    return f"{relation} {limit:,g}" + ("" if met else "  MISSED")


def load():
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def main():
    before = load()
    table = [(figure, f"{value:,.4g}" if value < 1000 else f"{value:,.0f}", unit, judged(value, target), command)
             for figure, value, unit, target, command in rows()]
    head = ("FIGURE", "VALUE", "UNIT", "TARGET", "COMMAND")
    widths = [max(len(row[i]) for row in [head, *table]) for i in range(4)]
    for figure, value, unit, target, command in [head, *table]:
        print(f"{figure:<{widths[0]}}  {value:>{widths[1]}}  {unit:<{widths[2]}}  {target:<{widths[3]}}  {command}")
    print(f"\nload average {before} at the start, {load()} at the end, on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
