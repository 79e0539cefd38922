#!/usr/bin/env python3
"""Runs each example with generated input: once to its end, and once killed three times by SIGKILL
and restarted at another parallelism. Its committed results must equal those of its reference.py.

Usage: examples_test.py --build DIR
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
import tempfile
import time
import types

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import flights_job

COUNT = 12000
# Of the runs that are killed: the records last for twice as long as these runs together.
RATE = 2000
LIVES = [0.6, 1.0, 1.4]  # seconds
EXAMPLES = ["fraud", "online_regression", "sessions", "shop"]


def reference(example: str) -> types.ModuleType:
    """Returns the example's reference.py as a module."""
    path = os.path.join(ROOT, "examples", example, "reference.py")
    spec = importlib.util.spec_from_file_location(f"{example}_reference", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command(
    build: str,
    example: str,
    place: flights_job.Place,
    *,
    parallelism: int,
    rate: float,
    start: str,
    count: int = COUNT,
) -> list[str]:
    extra = getattr(reference(example), "EXTRA_OUTPUT", None)
    return [
        os.path.join(build, "bin", example),
        *([] if extra is None else [f"--{extra}", place.uri(extra)]),
        "--count",
        str(count),
        "--rate",
        str(rate),
        "--output",
        place.uri("out"),
        "--parallelism",
        str(parallelism),
        "--from",
        start,
        "-D",
        "execution.checkpointing.interval=100 ms",
        "-D",
        f"execution.checkpointing.dir={place.uri('checkpoints')}",
    ]


def expected_lines(example: str, place: flights_job.Place) -> list[str]:
    """Of a job whose results are at this place."""
    module = reference(example)
    extra = getattr(module, "EXTRA_OUTPUT", None)
    if extra is None:
        return module.expected_lines(COUNT)
    return module.expected_lines(COUNT, flights_job.committed_lines(place, extra))


def problem_of(build: str, example: str, kills: int, scratch: str) -> str:
    """Runs the example. Returns "" or what is wrong."""
    place = flights_job.LocalPlace(os.path.join(scratch, f"{example}-{kills}"))
    for run in range(kills + 1):
        process = flights_job.Run(
            command(
                build,
                example,
                place,
                parallelism=1 + run % 3,
                rate=RATE if run < kills else 0,
                start="latest",
            )
        )
        if run < kills:
            if not process.kill_after(LIVES[run]):
                return f"it ended before kill {run + 1}:\n{process.tail()}"
        elif process.wait(60) != 0:
            return f"it failed:\n{process.tail()}"
    found = flights_job.committed_lines(place, "out")
    expected = expected_lines(example, place)
    if len(expected) < 100:
        return f"only {len(expected)} results are expected"
    return flights_job.first_difference(expected, found)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    build = os.path.abspath(parser.parse_args().build)
    scratch = tempfile.mkdtemp(prefix="weir-examples-")
    passed = failed = 0
    for example in EXAMPLES:
        for kills in (0, len(LIVES)):
            began = time.monotonic()
            problem = problem_of(build, example, kills, scratch)
            failed += bool(problem)
            passed += not problem
            print(
                f"{'FAIL' if problem else 'PASS'} {example}, {kills} kills, "
                f"{time.monotonic() - began:.1f} s{': ' + problem if problem else ''}",
                flush=True,
            )
    shutil.rmtree(scratch)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
