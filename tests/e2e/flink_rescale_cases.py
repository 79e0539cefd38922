"""Cases of flink_host_test.py: jobs continue at another parallelism, and in other places."""

from __future__ import annotations

import collections
import os
import random
from collections.abc import Callable

import examples_test
import flights_job
import flink_cluster
from flink_suite import END_SECONDS, INTERVAL, RATE, Suite, check, kill_taskmanager

LINES = 6000
LINE_RATE = 200
EXAMPLE_RATE = 300


def rescaled(suite: Suite) -> None:
    place = suite.place()
    start = "none"
    for parallelism in (2, 3):
        job = suite.submit(place, parallelism=parallelism, rate=RATE // 2, start=start)
        suite.checkpointed(job)
        suite.flink.wait(
            "the metrics of the windows",
            lambda: any("numLateRecordsDropped" in name for name in suite.flink.metrics(job)),
            30,
            job,
        )
        start = suite.flink.stop_with_savepoint(job, place.uri("savepoints"))
    suite.finished(suite.submit(place, parallelism=1, start=start))
    suite.check_output(place)


def unaligned_rescaled(suite: Suite) -> None:
    """Records in flight at a checkpoint go to other subtasks after rescaling."""
    unaligned = [
        "-D",
        "execution.checkpointing.unaligned.enabled=true",
        "-D",
        "execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION",
    ]

    def in_flight(job: str) -> int:
        latest = suite.flink.checkpoints(job)["latest"]["completed"]
        return latest["persisted_data"] if latest else 0

    def canceled(place: flights_job.Place) -> str:
        # Half as fast as the source, so that records are in flight.
        job = suite.submit(
            place,
            "e2e_breaking_flights",
            rate=RATE,
            extra=[*unaligned, "--slow-us", str(round(2e6 / RATE * 2))],
        )
        suite.flink.wait("a checkpoint with records in flight", lambda: in_flight(job), 60, job)
        suite.flink.cancel(job)
        return job

    # Retries, because the last checkpoint may be a later one, taken while the windows were idle.
    for _ in range(3):
        place = suite.place()
        job = canceled(place)
        if in_flight(job):
            break
    check(in_flight(job), "the last checkpoint holds no records in flight, three times")
    start = suite.flink.newest_checkpoint(job)
    suite.finished(
        suite.submit(place, "e2e_breaking_flights", parallelism=3, start=start, extra=unaligned)
    )
    suite.check_output(place)


def there_and_back(suite: Suite) -> None:
    """One process, Flink, one process from Flink's retained checkpoint, Flink, one process from
    Flink's savepoint; each with another parallelism.
    """
    place = suite.place()
    slow = 400

    def interrupted(start: str, parallelism: int) -> None:
        run = flights_job.Run(
            suite.flights_command(place, start=start, parallelism=parallelism, rate=slow)
        )
        check(run.wait_for_line("RUNNING", 30), f"from {start} it did not run:\n{run.tail()}")
        suite.flink.wait(
            "a checkpoint", lambda: run.last_checkpoint() > 0 or run.process.poll() is not None, 30
        )
        check(run.kill_after(0), f"it ended by itself:\n{run.tail()}")

    interrupted("latest", 2)
    job = suite.submit(
        place,
        parallelism=3,
        start="latest",
        rate=slow,
        extra=[
            "-D",
            "execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION",
            "-D",
            "execution.checkpointing.data-inline-threshold=1",
        ],
    )
    suite.checkpointed(job, 3)
    suite.flink.cancel(job)
    interrupted(suite.flink.newest_checkpoint(job), 1)
    job = suite.submit(place, parallelism=2, start="latest", rate=slow)
    suite.checkpointed(job)
    savepoint = suite.flink.stop_with_savepoint(job, place.uri("savepoints"))
    run = flights_job.Run(suite.flights_command(place, start=savepoint, parallelism=3))
    check(run.wait(END_SECONDS) == 0, f"from {savepoint}:\n{run.tail()}")
    suite.check_output(place)


def words(suite: Suite) -> None:
    """word_count survives the kill of its TaskManager, and continues at another parallelism."""
    place = suite.place()
    texts = os.path.join(suite.scratch, "texts")
    chance = random.Random(5)
    counts: collections.Counter[str] = collections.Counter()
    if not os.path.isdir(texts):
        os.makedirs(texts)
        for n in range(3):
            with open(os.path.join(texts, f"{n}.txt"), "w") as file:
                for _ in range(LINES // 3):
                    file.write(
                        " ".join(f"w{int(chance.paretovariate(0.6)) % 500}" for _ in range(8))
                        + "\n"
                    )
    for name in os.listdir(texts):
        with open(os.path.join(texts, name)) as file:
            counts.update(file.read().split())

    def run(parallelism: int, start: str, rate: float) -> str:
        job = flink_cluster.submit(
            [
                suite.program("word_count"),
                "--input",
                texts,
                "--output",
                place.uri("out"),
                "--rate",
                str(rate),
                "--from",
                start,
                "--parallelism",
                str(parallelism),
                "-D",
                f"execution.checkpointing.interval={INTERVAL}",
                "-D",
                f"execution.checkpointing.dir={place.uri('checkpoints')}",
            ]
            + suite.target()
        )
        suite.flink.wait_running(job)
        return job

    job = run(2, "none", LINE_RATE)
    suite.checkpointed(job)
    kill_taskmanager(suite, job)
    suite.flink.wait_running(job)
    suite.checkpointed(job, suite.flink.completed(job) + 2)
    suite.finished(run(3, suite.flink.stop_with_savepoint(job, place.uri("savepoints")), 0))
    expected = sorted(f"{word},{n}" for word, count in counts.items() for n in range(1, count + 1))
    difference = flights_job.first_difference(expected, flights_job.committed_lines(place, "out"))
    check(not difference, difference)


def broadcast_and_joins(suite: Suite) -> None:
    """An operator with a keyed and a broadcast input, session windows with a side output, and an
    interval join survive the kill of their TaskManager and continue at another parallelism.
    """
    for example in ["fraud", "sessions", "shop"]:
        place = suite.place()

        def run(
            parallelism: int,
            start: str,
            rate: float,
            example: str = example,
            place: flights_job.Place = place,
        ) -> str:
            return flink_cluster.submit(
                examples_test.command(
                    suite.build, example, place, parallelism=parallelism, rate=rate, start=start
                )
                + suite.target()
            )

        job = run(2, "none", EXAMPLE_RATE)
        suite.flink.wait_running(job)
        suite.checkpointed(job)
        kill_taskmanager(suite, job)
        suite.flink.wait_running(job)
        suite.checkpointed(job, suite.flink.completed(job) + 2)
        savepoint = suite.flink.stop_with_savepoint(job, place.uri("savepoints"))
        suite.finished(run(3, savepoint, 0))
        difference = flights_job.first_difference(
            examples_test.expected_lines(example, place),
            flights_job.committed_lines(place, "out"),
        )
        check(not difference, f"{example}: {difference}")


CASES: list[Callable[[Suite], None]] = [
    rescaled,
    unaligned_rescaled,
    there_and_back,
    words,
    broadcast_and_joins,
]
