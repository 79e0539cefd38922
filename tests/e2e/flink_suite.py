"""Shared by the cases of flink_host_test.py: a Flink with an input, and jobs in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import flights_job
import flights_reference
import flink_cluster
from flink_cluster import Failure

ROWS = 30000
RATE = 2000  # until the awaited event has happened; then the rest runs at full speed
YEAR = 336776 - ROWS
INTERVAL = "250 ms"
END_SECONDS = 90


def create(path: str) -> None:
    with open(path, "w"):
        pass


def check(condition: object, sentence: str) -> None:
    if not condition:
        raise Failure(sentence)


class Suite:
    """Shared by the cases of one version of Flink."""

    def __init__(
        self, build: str, flink: flink_cluster.FlinkCluster, scratch: str, version: str
    ) -> None:
        self.build, self.flink, self.scratch, self.version = build, flink, scratch, version
        self.flights = os.path.join(scratch, "flights")
        self.tmpfs: str | None = None  # the file system of io.tmp.dirs, if it is one of its own
        self.count = 0

    def program(self, name: str) -> str:
        return os.path.join(self.build, "bin", name)

    def place(self) -> flights_job.Place:
        self.count += 1
        return flights_job.hdfs_place(
            os.environ, f"/weir-flink-{os.getpid()}-{self.version}-{self.count}"
        )

    def target(self) -> list[str]:
        return ["--target", "flink", "--rest", self.flink.url, "--detached"]

    def flights_command(
        self,
        place: flights_job.Place,
        program: str = "flights",
        *,
        parallelism: int | None = 2,
        rate: float = 0,
        start: str = "none",
        extra: Iterable[str] = (),
    ) -> list[str]:
        return [
            self.program(program),
            "--input",
            self.flights,
            "--output",
            place.uri("out"),
            "--rate",
            str(rate),
            "--from",
            start,
            "-D",
            f"execution.checkpointing.interval={INTERVAL}",
            "-D",
            f"execution.checkpointing.dir={place.uri('checkpoints')}",
            *(["--parallelism", str(parallelism)] if parallelism else []),
            *extra,
        ]

    def submit(self, *arguments: Any, **options: Any) -> str:
        job = flink_cluster.submit(self.flights_command(*arguments, **options) + self.target())
        self.flink.wait_running(job)
        return job

    def checkpointed(self, job: str, count: int = 2) -> None:
        self.flink.wait(f"{count} checkpoints", lambda: self.flink.completed(job) >= count, 60, job)

    def finished(self, job: str) -> None:
        self.flink.wait_end(job, "FINISHED", END_SECONDS)

    def difference(self, place: flights_job.Place) -> str:
        """ "" if the result is as expected."""
        found = flights_job.committed_lines(place, "out")
        return flights_job.first_difference(self.expected(), found) or flights_job.orphans(
            place, "out"
        )

    def expected(self) -> list[str]:
        return flights_reference.expected_lines(self.flights)

    def check_output(self, place: flights_job.Place) -> None:
        difference = self.difference(place)
        check(not difference, difference)

    # --- faults in the job

    def unhurried(self, place: flights_job.Place, *flags: str) -> str:
        """A slow job, until it is restarted after hurry()."""
        return self.submit(
            place,
            "e2e_breaking_flights",
            rate=RATE,
            extra=["--hurry", self.scratch_file("hurry"), *flags],
        )

    def hurry(self) -> None:
        create(self.scratch_file("hurry"))

    def scratch_file(self, name: str) -> str:
        return os.path.join(self.scratch, f"{name}-{self.version}-{self.count}")

    def broken(
        self, kind: str, *flags: str, place: flights_job.Place | None = None
    ) -> tuple[str, flights_job.Place]:
        """A job in which a fault has occurred after two checkpoints; its id and place."""
        place = place or self.place()
        when = self.scratch_file("break")
        job = self.unhurried(place, "--break", kind, "--when", when, *flags)
        self.checkpointed(job)
        self.hurry()
        create(when)
        self.flink.wait("the fault", lambda: not os.path.exists(when), 30, job)
        return job, place

    def failed_with(self, job: str) -> str:
        """Flink's message about the fault."""
        return self.flink.wait("the failure", lambda: self.flink.exceptions(job), 30)[-1]

    def same_taskmanagers(self, before: dict[str, int]) -> None:
        check(
            self.flink.pids() == before
            and all(os.path.exists(f"/proc/{pid}") for pid in before.values()),
            "a TaskManager died of it",
        )


def kill_taskmanager(suite: Suite, job: str) -> None:
    failures = len(suite.flink.exceptions(job))
    victim = min(suite.flink.placed_on(job))
    suite.flink.kill(victim)
    suite.flink.wait("the failure", lambda: len(suite.flink.exceptions(job)) > failures, 40, job)
    suite.flink.revive(victim)
