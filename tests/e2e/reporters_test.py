#!/usr/bin/env python3
"""Receives what the reporters of a running job send: metrics and traces by OTLP, read with the
schema of OpenTelemetry itself (the package opentelemetry-proto from PyPI), and datagrams for
StatsD.

Usage: reporters_test.py --build DIR [--only NAME]
"""

from __future__ import annotations

import base64
import functools
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from typing import Any, Self

from rest_test import ROOT, Case, expect, expect_in
from small_cases import CANCELED, NOT_NOW, REFUSED, run_cases

PROTO = "opentelemetry-proto==1.27.0"
SECONDS = 60


@functools.cache
def schema() -> tuple[Any, Any, Any]:
    """(ExportMetricsServiceRequest, ExportTraceServiceRequest, the parser of JSON)"""
    folder = tempfile.mkdtemp(prefix="weir-otlp-")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-input", "--target", folder]
        + ["--disable-pip-version-check", "--root-user-action=ignore", PROTO],
        check=True,
        timeout=300,
    )
    sys.path.insert(0, folder)
    from google.protobuf import json_format
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

    return (
        metrics_service_pb2.ExportMetricsServiceRequest,
        trace_service_pb2.ExportTraceServiceRequest,
        json_format.Parse,
    )


class Collector:
    """An HTTP server that keeps what it is sent. It answers with `status`."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []  # (path, body)
        self.status = 200
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                expect(self.headers["Content-Type"] == "application/json", "no JSON")
                if collector.status == 200:
                    collector.bodies.append((self.path, body))
                self.send_response(collector.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass  # connections break when a job ends

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def of(self, path: str) -> list[bytes]:
        return [body for at, body in self.bodies if at == path]

    def settings(self) -> list[str]:
        return [
            "-D",
            "metrics.reporters=otel",
            "-D",
            f"metrics.reporter.otel.exporter.endpoint=http://127.0.0.1:{self.port}/v1/metrics",
            "-D",
            "metrics.reporter.otel.interval=200 ms",
            "-D",
            "traces.reporters=otel",
            "-D",
            f"traces.reporter.otel.exporter.endpoint=http://127.0.0.1:{self.port}/v1/traces",
            "-D",
            "traces.reporter.otel.service.name=flights",
        ]


def with_binary_ids(body: bytes) -> str:
    """Ids are hexadecimal in OTLP, where the JSON encoding of protobuf has base64."""
    content = json.loads(body)
    for resource in content["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    return json.dumps(content)


def points_of(request: Any, name: str) -> list[tuple[Any, dict[str, str]]]:
    """The points of a metric, each with its attributes as a dictionary."""
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                if metric.name == name:
                    points = getattr(metric, metric.WhichOneof("data")).data_points
                    return [
                        (point, {a.key: a.value.string_value for a in point.attributes})
                        for point in points
                    ]
    return []


def test_a_collector_gets_metrics_and_traces(case: ReporterCase) -> None:
    metrics_request, trace_request, parse = schema()
    with Collector() as collector:
        case.start("--workers", "2", *collector.settings())

        def records() -> list[tuple[Any, dict[str, str]]]:
            bodies = collector.of("/v1/metrics")
            if not bodies:
                return []
            return points_of(
                parse(bodies[-1], metrics_request()), "flink.taskmanager.job.task.numRecordsOut"
            )

        points = case.until(lambda: [p for p in records() if p[0].as_int > 0])
        facts = points[0][1]
        expect(facts["job_id"] == case.id, f"job_id is {facts['job_id']}")
        expect(facts["tm_id"] != "", "no worker is named")
        expect({p[1]["subtask_index"] for p in records()} == {"0", "1"}, "not both subtasks")

        case.until(lambda: len(collector.of("/v1/traces")) > 1)
        spans = []
        for body in collector.of("/v1/traces"):
            request = parse(with_binary_ids(body), trace_request())
            attributes = request.resource_spans[0].resource.attributes
            expect(attributes[0].value.string_value == "flights", "another service's name")
            spans += request.resource_spans[0].scope_spans[0].spans
        roots = [span for span in spans if span.name == "Checkpoint"]
        traces = [span.trace_id for span in roots]
        expect(len(set(traces)) == len(traces), "a checkpoint was reported twice")
        root = roots[0]
        tasks = [
            s for s in spans if s.trace_id == root.trace_id and s.parent_span_id == root.span_id
        ]
        shown = sum(vertex["parallelism"] for vertex in case.get(f"/jobs/{case.id}")["vertices"])
        expect(len(tasks) == shown + 1, f"{len(tasks)} spans below a checkpoint of {shown} tasks")
        expect("publish" in [s.name for s in tasks], "no publication")
        for span in spans:
            expect(span.start_time_unix_nano <= span.end_time_unix_nano, f"{span.name} ends first")
            expect(len(span.trace_id) == 16 and len(span.span_id) == 8, "ids of a wrong length")


def test_a_collector_that_fails_costs_the_job_nothing(case: ReporterCase) -> None:
    with Collector() as collector:
        collector.status = 503
        case.start(*collector.settings())
        case.said(r"(the reporter otel has lost a report)")
        warnings = "\n".join(case.job.lines).count("the reporter otel has lost")
        time.sleep(1)  # several reports
        expect(
            "\n".join(case.job.lines).count("the reporter otel has lost") == warnings, "it repeats"
        )
        collector.status = 200
        case.said(r"(the reporter otel is heard again)")
        case.until(lambda: collector.of("/v1/metrics"))
        expect(case.get("/jobs/overview")["jobs"][0]["state"] == "RUNNING", "the job has ended")


def test_the_last_report_has_the_final_figures(case: ReporterCase) -> None:
    metrics_request, _, parse = schema()
    with Collector() as collector:
        settings = collector.settings()
        settings[settings.index("metrics.reporter.otel.interval=200 ms")] = (
            "metrics.reporter.otel.interval=1 h"
        )
        case.start(*settings)
        case.until(lambda: collector.of("/v1/metrics"))
        before = len(collector.of("/v1/metrics"))
        case.cancel()
        expect(len(collector.of("/v1/metrics")) == before + 1, "no report at the end")
        last = parse(collector.of("/v1/metrics")[-1], metrics_request())
        running = points_of(last, "flink.jobmanager.numRunningJobs")
        expect(running[0][0].as_double == 0, "the job still runs")


def test_statsd_gets_datagrams(case: ReporterCase) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(SECONDS)
        port = receiver.getsockname()[1]
        case.start(
            "-D",
            "metrics.reporters=statsd,slf4j",
            "-D",
            f"metrics.reporter.statsd.port={port}",
            "-D",
            "metrics.reporter.statsd.interval=200 ms",
            "-D",
            "metrics.reporter.slf4j.interval=200 ms",
        )
        seen: dict[str, float] = {}
        deadline = time.monotonic() + SECONDS
        while not any(".numRecordsOut" in name for name in seen):
            expect(time.monotonic() < deadline, f"no records among {sorted(seen)}")
            for line in receiver.recv(2000).decode().split("\n"):
                name, value = line.rsplit(":", 1)
                expect(value.endswith("|g"), line)
                seen[name] = float(value[:-2])
        expect(any(".taskmanager." in name for name in seen), f"no worker: {sorted(seen)}")
    case.said(r"(\.numRecordsOut: [1-9])")


def test_the_board_for_grafana_asks_for_metrics_that_exist(case: ReporterCase) -> None:
    case.start("-D", "metrics.reporters=prom", "-D", "metrics.reporter.prom.port=0")
    page = case.said(r"metrics for Prometheus are at (http://\S+)") + "/metrics"
    with open(os.path.join(ROOT, "deploy", "grafana", "weir.json"), encoding="utf-8") as file:
        wanted = set(re.findall(r"\bflink_\w+", file.read()))
    expect(len(wanted) > 15, f"only {wanted}")
    case.until(lambda: "flink_taskmanager_job_task_inPoolUsage" in case.read(page))
    found = set(re.findall(r"^(flink_\w+)", case.read(page), re.M))
    expect(wanted <= found, f"the page has no {sorted(wanted - found)}")


def test_bad_settings_are_refused(case: ReporterCase) -> None:
    for expected, settings, parts in [
        (REFUSED, ["metrics.reporters=otel"], ["metrics.reporter.otel.exporter.endpoint", "URL"]),
        (
            REFUSED,
            [
                "traces.reporters=otel",
                "traces.reporter.otel.exporter.endpoint=http://127.0.0.1:1/v1/traces",
                "traces.reporter.otel.exporter.protocol=gRPC",
            ],
            ["traces.reporter.otel.exporter.protocol", "HTTP"],
        ),
        (
            NOT_NOW,
            ["metrics.reporters=statsd", "metrics.reporter.statsd.host=no-such-host.invalid"],
            ["metrics.reporter.statsd", "no-such-host.invalid"],
        ),
    ]:
        case.launch(*[part for setting in settings for part in ("-D", setting)])
        code = case.job.wait(SECONDS)
        expect(code == expected, f"exit code {code}\n{case.job.tail()}")
        expect_in(case.job.tail(), *parts)


class ReporterCase(Case):
    def cancel(self) -> None:
        request = urllib.request.Request(f"{self.url}/jobs/{self.id}?mode=cancel", method="PATCH")
        urllib.request.urlopen(request, timeout=10).read()
        code = self.job.wait(SECONDS)
        expect(code == CANCELED, f"exit code {code}\n{self.job.tail()}")


if __name__ == "__main__":
    sys.exit(run_cases(globals(), ReporterCase, 4000))
