#!/usr/bin/env python3
"""Kills and pauses the processes of a job that writes to PostgreSQL, and the server, at random
moments. An independent client then reads the tables: every row must be there once, and every upsert
must have run once.

Usage: postgres_kill_test.py --build DIR [--count N] [--rate N] [--seed N]
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import inspect
import os
import random
import shutil
import signal
import sys
import tempfile
import time

from postgres_world import INSERT, KEYS, UPSERT, Postgres, wrong_rows
from real_jobs import Job, completed, expect

INTERVAL = "150 ms"
KILLED, NOT_NOW = -9, 3


class Chaos:
    def __init__(self, arguments: argparse.Namespace, postgres: Postgres, folder: str) -> None:
        self.arguments, self.postgres, self.folder = arguments, postgres, folder
        self.random = random.Random(arguments.seed)
        self.done: collections.Counter[str] = collections.Counter()
        self.job: Job | None = None

    def start(self) -> None:
        workers = self.random.choice([0, 2, 2])
        place = ["--workers", str(workers), "--parallelism", "2"] if workers else []
        place = place or ["--parallelism", str(self.random.choice([1, 2, 3]))]
        if not workers and self.random.random() < 0.6:
            moment = self.random.choice(["before", "after"])
            self.done[f"job {moment} a commit"] += 1
            place += [f"--die-{moment}-commit", str(self.random.randint(1, 10))]
        settings = {
            "heartbeat.timeout": "2500 ms",
            "heartbeat.interval": "500 ms",
            "execution.checkpointing.tolerable-failed-checkpoints": "5",
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": "1000",
            "restart-strategy.fixed-delay.delay": "200 ms",
        }
        self.job = Job(
            self.arguments.build,
            self.folder,
            *("--connection", self.postgres.connection, "--sql", INSERT, "--upsert", UPSERT),
            *("--count", str(self.arguments.count), "--rate", str(self.arguments.rate)),
            *("--from", "latest", *place),
            *(word for pair in settings.items() for word in ("-D", "=".join(pair))),
            interval=INTERVAL,
            program="postgres_job",
        )

    def ended(self) -> bool:
        """True if the job has written everything. Starts it again if it was killed."""
        code = None if self.job is None else self.job.process.poll()
        if self.job is not None and code is None:
            return False
        if code == 0:
            return True
        if self.job is not None and code not in (KILLED, NOT_NOW):
            raise AssertionError(f"the job ended by itself with {code}:\n{self.job.log()[-4000:]}")
        self.start()
        return False

    def progress(self, seconds: float = 60) -> bool:
        """True at the end of the job; otherwise a further checkpoint is complete."""
        before = (completed(self.folder) or [0])[-1]
        deadline = time.monotonic() + seconds
        while (completed(self.folder) or [0])[-1] <= before:
            if self.ended():
                return True
            assert self.job
            expect(time.monotonic() < deadline, f"no checkpoint:\n{self.job.log()[-4000:]}")
            time.sleep(0.01)
        return False

    def strike(self) -> None:
        time.sleep(self.random.uniform(0, 0.15))
        assert self.job
        workers = self.job.workers()
        some = 1 if workers else 0
        kinds = ["job", "worker", "server", "pause worker", "pause server"]
        kind = self.random.choices(kinds, [6, 6 * some, 3, some, 1])[0]
        self.done[kind] += 1
        if kind == "job":
            self.job.end()
        elif kind == "worker":
            self.signal(self.random.choice(workers), signal.SIGKILL)
        elif kind == "server":
            self.postgres.do("kill")
            time.sleep(self.random.uniform(0, 0.3))
            self.postgres.do("revive")
        elif kind == "pause server":
            self.postgres.do("pause")
            time.sleep(self.random.uniform(0.2, 1))
            self.postgres.do("resume")
        else:
            pid = self.random.choice(workers)
            self.signal(pid, signal.SIGSTOP)
            time.sleep(self.random.choice([0.5, 3]))  # the longer one: another takes its place
            self.signal(pid, signal.SIGCONT)

    @staticmethod
    def signal(pid: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def run(arguments: argparse.Namespace, postgres: Postgres, folder: str) -> str | None:
    postgres.create_tables()
    chaos = Chaos(arguments, postgres, folder)
    try:
        while not chaos.progress():
            chaos.strike()
    finally:
        if chaos.job is not None:
            chaos.job.end()
    hits = ", ".join(f"{count} × {kind}" for kind, count in sorted(chaos.done.items()))
    print(f"summary: seed {arguments.seed}: {hits}; {arguments.count} rows", flush=True)
    each = arguments.count // KEYS
    totals = postgres.rows("SELECT key, n, writes FROM totals ORDER BY key")
    if totals != [f"k{key}|{each}|{each}" for key in range(KEYS)]:
        return f"upserts are lost or repeated: {totals} instead of {each} each"
    return wrong_rows(postgres, arguments.count)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=inspect.getdoc(sys.modules[__name__]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--build", required=True)
    parser.add_argument("--count", type=int, default=1800)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    folder = tempfile.mkdtemp(prefix="weir-postgres-kill-")
    with Postgres() as postgres:
        problem = run(arguments, postgres, folder)
    print(f"FAILED {problem}\ncheckpoints are in {folder}" if problem else "ok")
    if not problem:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if problem else 0)


if __name__ == "__main__":
    main()
