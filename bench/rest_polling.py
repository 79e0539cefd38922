#!/usr/bin/env python3
"""Does a job slow down when ten dashboards look at it?

Runs the job of exchange.cc in one process with a REST interface, alternately alone and with clients
that ask for everything that a page of the dashboard asks for, once a second. Prints the ratio of
the times of each pair of runs, and their median.

Usage: rest_polling.py --build DIR [--clients N] [--records N] [--rounds N]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import threading
import time


def paths_of(connection: http.client.HTTPConnection) -> list[str]:
    connection.request("GET", "/jobs")
    job = json.load(connection.getresponse())["jobs"][0]["id"]
    connection.request("GET", f"/jobs/{job}")
    vertices = [v["id"] for v in json.load(connection.getresponse())["vertices"]]
    at = f"/jobs/{job}"
    return [
        "/overview",
        "/jobs/overview",
        "/taskmanagers",
        at,
        f"{at}/checkpoints",
        f"{at}/exceptions",
        *(f"{at}/vertices/{vertex}" for vertex in vertices),
        *(f"{at}/vertices/{vertex}/backpressure" for vertex in vertices),
        *(
            f"{at}/vertices/{vertex}/subtasks/metrics?get=busyTimeMsPerSecond"
            for vertex in vertices
        ),
    ]


def poll(port: int, end: threading.Event, counts: dict[bool, int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        paths = paths_of(connection)
        while not end.is_set():
            for path in paths:
                connection.request("GET", path)
                reply = connection.getresponse()
                reply.read()
                counts[reply.status == 200] += 1
            end.wait(1)
    except (OSError, http.client.HTTPException):
        pass  # the job has ended


def run(program: str, records: int, clients: int) -> tuple[float, int]:
    """(seconds, answered requests) of one run."""
    begin = time.monotonic()
    job = subprocess.Popen(
        [program, "job", "--records", str(records), "--parallelism", "1", "-D", "rest.port=0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    end, counts, threads = threading.Event(), {True: 0, False: 0}, []
    assert job.stderr
    for line in job.stderr:
        found = re.search(r"REST interface listens on http://[^:]+:(\d+)", line)
        if found:
            for _ in range(clients):
                thread = threading.Thread(target=poll, args=(int(found.group(1)), end, counts))
                thread.start()
                threads.append(thread)
    code = job.wait(600)
    seconds = time.monotonic() - begin
    end.set()
    for thread in threads:
        thread.join()
    assert code == 0, f"the job has failed: exit code {code}"
    assert counts[False] == 0, f"{counts[False]} requests failed"
    return seconds, counts[True]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--records", type=int, default=100_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    program = os.path.join(arguments.build, "bin", "exchange")
    ratios = []
    for _ in range(arguments.rounds):
        alone, _ = run(program, arguments.records, 0)
        watched, answers = run(program, arguments.records, arguments.clients)
        ratios.append(alone / watched)
        print(
            f"alone {alone:.1f} s, with {arguments.clients} clients {watched:.1f} s and "
            f"{answers} answers: {ratios[-1]:.3f} of the speed",
            flush=True,
        )
    print(f"median: {statistics.median(ratios):.3f} of the speed")


if __name__ == "__main__":
    main()
