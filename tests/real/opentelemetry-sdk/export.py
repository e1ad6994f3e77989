# SPDX-License-Identifier: Apache-2.0
"""Two services as the OpenTelemetry SDK makes them, one calling the other, exported by one protocol.

usage: export.py grpc|http ENDPOINT SUFFIX
The services are web-SUFFIX and store-SUFFIX. Prints what was sent as SPANS METRICS LOGS.
"""
import logging
import sys

from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

CALLS = 50

protocol, endpoint, suffix = sys.argv[1:]
if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter


def exporter(kind, signal):
    if protocol == "grpc":
        return kind(endpoint=endpoint, insecure=True)
    return kind(endpoint=f"{endpoint}/v1/{signal}")


def resource(name):
    return Resource.create({"service.name": f"{name}-{suffix}", "service.instance.id": f"{name}-{suffix}-1",
                            "service.version": "1.2.3"})


def tracing(name):
    provider = TracerProvider(resource=resource(name))
    provider.add_span_processor(BatchSpanProcessor(exporter(OTLPSpanExporter, "traces")))
    return provider


class RecordHandler(logging.Handler):
    """Hands records of Python's logging to the SDK."""

    def __init__(self, logger):
        super().__init__()
        self.logger = logger

    def emit(self, record):
        self.logger.emit(timestamp=int(record.created * 1e9), body=record.getMessage(),
                         severity_text=record.levelname)


web, store = tracing("web"), tracing("store")
meters = MeterProvider(
    resource=resource("store"),
    metric_readers=[PeriodicExportingMetricReader(exporter(OTLPMetricExporter, "metrics"), 3_600_000)])
logs = LoggerProvider(resource=resource("store"))
logs.add_log_record_processor(BatchLogRecordProcessor(exporter(OTLPLogExporter, "logs")))

meter = meters.get_meter("test")
meter.create_up_down_counter("process.memory.usage", unit="By").add(64_000_000)
meter.create_counter("process.cpu.time", unit="s").add(0.25)
meter.create_up_down_counter("http.server.active_requests").add(3)
meter.create_histogram("http.server.request.duration", unit="s").record(0.01)  # of no use, and no harm
handler = RecordHandler(logs.get_logger("test"))
logger = logging.getLogger("store")
logger.addHandler(handler)
for call in range(CALLS):
    with web.get_tracer("test").start_as_current_span("GET /items", kind=SpanKind.SERVER):
        with web.get_tracer("test").start_as_current_span("items", kind=SpanKind.CLIENT) as calling:
            context = trace.set_span_in_context(trace.NonRecordingSpan(calling.get_span_context()))
            with store.get_tracer("test").start_as_current_span(
                    "items", context=context, kind=SpanKind.SERVER,
                    attributes={"http.request.method": "GET", "http.response.status_code": 200}):
                logger.warning("item %d is running out", call)

meters.shutdown()  # exports once; a flush before it would be a second export
flushed = [provider.force_flush() for provider in (web, store, logs)]
for provider in (web, store, logs):
    provider.shutdown()
if not all(flushed):
    sys.exit(f"not everything could be exported: {flushed}")
print(3 * CALLS, 3, CALLS)
