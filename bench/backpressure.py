#!/usr/bin/env python3
"""How long does a checkpoint take if the sink is ten times too slow?

Runs the job of backpressure.cc with a sink that takes 200,000 records a second, all subtasks
together. Its source makes 2,000,000 a second (full), or 20,000 (idle); each with aligned and with unaligned checkpoints, in
one process and on two workers. Prints the median and the longest duration of the checkpoints, as
the REST interface gives them, and for each the ratio to the same job's idle one.

Usage: backpressure.py --build DIR [--checkpoints N]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

WAIT_SECONDS = 120


def durations(
    program: str, directory: str, slow: bool, unaligned: bool, workers: int, wanted: int
) -> list[int]:
    """Milliseconds of `wanted` checkpoints, after the channels have had time to fill."""
    arguments = [
        program,
        *("--rate", "2000000" if slow else "20000", "--sink-us", "10"),
        *("--parallelism", "2", "-D", "rest.port=0"),
        *("-D", f"execution.checkpointing.dir={directory}"),
        *("-D", "execution.checkpointing.interval=1s"),
        *("-D", f"execution.checkpointing.unaligned.enabled={str(unaligned).lower()}"),
    ]
    if workers:
        arguments += ["--workers", str(workers)]
    job = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        port, lines = None, []
        assert job.stderr
        for line in job.stderr:
            lines.append(line)
            found = re.search(r"REST interface listens on http://[^:]+:(\d+)", line)
            if found:
                port = int(found.group(1))
                break
        if port is None:
            sys.exit("the job does not start:\n" + "".join(lines))
        threading.Thread(target=job.stderr.read, daemon=True).start()
        return poll(port, wanted)
    finally:
        job.kill()
        job.wait(30)


def poll(port: int, wanted: int) -> list[int]:
    seen, deadline = {}, time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.2)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/jobs")
        jobs = json.load(connection.getresponse())["jobs"]
        connection.request("GET", f"/jobs/{jobs[0]['id']}/checkpoints")
        for checkpoint in json.load(connection.getresponse()).get("history", []):
            if checkpoint["status"] == "COMPLETED":
                seen[checkpoint["id"]] = checkpoint["end_to_end_duration"]
        later = [ms for number, ms in seen.items() if number >= min(seen) + 5]
        if len(later) >= wanted:
            return later
    sys.exit(f"there were no {wanted} checkpoints within {WAIT_SECONDS} s, but {len(seen)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--checkpoints", type=int, default=15)
    options = parser.parse_args()
    program = os.path.join(options.build, "bin", "backpressure")
    for workers in (0, 2):
        for unaligned in (False, True):
            idle = None
            for slow in (False, True):
                with tempfile.TemporaryDirectory() as directory:
                    measured = durations(
                        program, directory, slow, unaligned, workers, options.checkpoints
                    )
                median = statistics.median(measured)
                ratio = "" if idle is None else f", {median / max(idle, 1):.1f} x idle"
                idle = idle if idle is not None else median
                print(
                    f"{'on two workers' if workers else 'in one process':14} "
                    f"{'unaligned' if unaligned else 'aligned':9} {'full' if slow else 'idle'}: "
                    f"median {median:.0f} ms, longest {max(measured)} ms{ratio}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
