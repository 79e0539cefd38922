#!/usr/bin/env python3
"""Kills the flights job with SIGKILL at random moments, and restarts it at a random parallelism,
until it ends by itself. Each time, its committed results must equal those of an independent
computation. Half of the rounds use a real HDFS if WEIR_TEST_HDFS names one.

Usage: kill_test.py --build DIR [--kills N] [--seed N]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import flights_data
import flights_job
import flights_reference

ROWS = 12000
SECONDS = 1.2  # duration of a run that is not killed
KILLS_A_RUN = 4
YEAR = 336776 - ROWS


class Round:
    """One job, from its first start to its end."""

    def __init__(
        self, binary: str, source: str, place: flights_job.Place, chance: random.Random
    ) -> None:
        self.binary, self.source, self.place, self.chance = binary, source, place, chance
        self.kills = 0
        self.killed_at_ms: list[int] = []
        self.history: list[str] = []

    def run(self, kills: int) -> str:
        """Returns "" or a description of the failure."""
        while True:
            parallelism = self.chance.randint(1, 3)
            command = flights_job.flights_command(
                self.binary,
                self.source,
                self.place,
                parallelism=parallelism,
                rate=ROWS / SECONDS,
                interval="100 ms",
            )
            process = flights_job.Run(command)
            moment = self.chance.uniform(0.02, SECONDS)
            if self.kills < kills and process.kill_after(moment):
                self.kills += 1
                self.killed_at_ms.append(time.time_ns() // 1000000)
                self.history.append(f"parallelism {parallelism} killed after {moment:.3f} s")
                continue
            self.history.append(f"parallelism {parallelism} to the end")
            code = process.wait(120)
            if code != 0:
                return f"exit code {code}:\n{process.tail()}"
            break
        found = flights_job.committed_lines(self.place, "out")
        difference = flights_job.first_difference(self.expected(), found)
        if difference:
            return difference
        return flights_job.orphans(self.place, "out", self.killed_at_ms)

    def expected(self) -> list[str]:
        return flights_reference.expected_lines(self.source)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    arguments = parser.parse_args()
    binary = os.path.join(os.path.abspath(arguments.build), "bin", "flights")
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    flights = flights_data.flights_directory()
    scratch = tempfile.mkdtemp(prefix="weir-kill-")
    began = time.monotonic()
    kills = {"local": 0, "hdfs": 0}
    passed = failed = 0
    with_hdfs = bool(os.environ.get("WEIR_TEST_HDFS"))
    while sum(kills.values()) < arguments.kills:
        number = passed + failed
        kind = "hdfs" if with_hdfs and kills["hdfs"] < kills["local"] else "local"
        directory = os.path.join(scratch, str(number))
        source = os.path.join(directory, "flights")
        flights_data.write_slice(flights, source, ROWS, start=chance.randrange(YEAR))
        place: flights_job.Place
        if kind == "hdfs":
            place = flights_job.hdfs_place(os.environ, f"/weir-kill-{os.getpid()}-{number}")
        else:
            place = flights_job.LocalPlace(directory)
        one = Round(binary, source, place, chance)
        problem = one.run(min(KILLS_A_RUN, arguments.kills - sum(kills.values())))
        kills[kind] += one.kills
        if problem:
            failed += 1
            print(
                f"FAILED round {number} on {place.uri('')} (seed {arguments.seed}): {problem}\n    "
                + "\n    ".join(one.history),
                flush=True,
            )
            if failed == 3:
                break
        else:
            passed += 1
            shutil.rmtree(directory)
    if failed == 0:
        shutil.rmtree(scratch)
    print(
        f"summary: {kills['local']} kills of local jobs, {kills['hdfs']} on HDFS, {passed + failed} jobs, seed {arguments.seed}, "
        f"{time.monotonic() - began:.0f} s"
    )
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
