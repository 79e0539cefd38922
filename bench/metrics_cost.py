#!/usr/bin/env python3
"""Does a job slow down when its figures are reported?

Runs the job of exchange.cc in one process, alternately alone and with all reporters once a second:
a page for Prometheus that is read, OpenTelemetry to a collector, StatsD and the log. Prints the
ratio of the times of each pair of runs, and their median. The collector takes CPU time too.

Usage: metrics_cost.py --build DIR [--records N] [--rounds N]
"""

from __future__ import annotations

import argparse
import http.server
import os
import re
import statistics
import subprocess
import threading
import time
import urllib.request


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    received = 0

    def do_POST(self) -> None:
        Collector.received += len(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def scrape(url: str, end: threading.Event, counts: list[int]) -> None:
    while not end.wait(1):
        try:
            with urllib.request.urlopen(url, timeout=5) as page:
                page.read()
            counts.append(1)
        except OSError:
            return  # the job has ended


def run(program: str, records: int, collector: int | None) -> float:
    """Seconds of one run; with a collector it reports."""
    command = [program, "job", "--records", str(records), "--parallelism", "1"]
    if collector:
        for setting in [
            "metrics.reporters=prom,otel,statsd,slf4j",
            "metrics.reporter.prom.port=0",
            f"metrics.reporter.otel.exporter.endpoint=http://127.0.0.1:{collector}/v1/metrics",
            "traces.reporters=otel",
            f"traces.reporter.otel.exporter.endpoint=http://127.0.0.1:{collector}/v1/traces",
            *(f"metrics.reporter.{name}.interval=1 s" for name in ("otel", "statsd", "slf4j")),
        ]:
            command += ["-D", setting]
    end = threading.Event()
    counts: list[int] = []
    threads: list[threading.Thread] = []
    begin = time.monotonic()
    job = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert job.stderr
    for line in job.stderr:
        found = re.search(r"metrics for Prometheus are at (http://\S+)", line)
        if found:
            url = found.group(1) + "/metrics"
            threads.append(threading.Thread(target=scrape, args=(url, end, counts)))
            threads[-1].start()
    code = job.wait(600)
    seconds = time.monotonic() - begin
    end.set()
    for thread in threads:
        thread.join()
    assert code == 0, f"the job has failed: exit code {code}"
    assert not collector or (counts and Collector.received > 0), "nothing was reported"
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--records", type=int, default=100_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    program = os.path.join(arguments.build, "bin", "exchange")
    ratios = []
    for _ in range(arguments.rounds):
        alone = run(program, arguments.records, None)
        reported = run(program, arguments.records, server.server_address[1])
        ratios.append(alone / reported)
        print(
            f"alone {alone:.1f} s, with reporters {reported:.1f} s: {ratios[-1]:.3f} of the speed",
            flush=True,
        )
    print(f"median: {statistics.median(ratios):.3f} of the speed")
    server.shutdown()


if __name__ == "__main__":
    main()
