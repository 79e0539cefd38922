#!/usr/bin/env python3
"""Kills the processes of a job that reads from Kafka and writes to it, and the broker, at random
moments. An independent consumer then reads the results: every count of every key must be there
once, and in order.

Usage: kafka_kill_test.py --build DIR [--kills N] [--seconds N] [--seed N]
                          [--transaction-version 0|1|2] [--control]

--control does without the part of the sink that finishes the transactions of earlier processes. The
job is killed once, between a checkpoint and its commit. Then results must be missing, which proves
that such kills need that part, and that lost results are noticed.
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
import subprocess
import sys
import tempfile
import threading
import time

from kafka_world import Kafka
from real_jobs import Job, completed, expect, wait_for

KEYS = 6
PARTITIONS = 4
INTERVAL = "150 ms"


class Producer(threading.Thread):
    """Writes numbered messages for each key, until it is stopped."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        super().__init__(daemon=True)
        self.kafka, self.topic = kafka, topic
        self.stopping = threading.Event()
        self.last = 0  # of each key

    def run(self) -> None:
        process = subprocess.Popen(
            [
                "kcat",
                "-E",
                "-b",
                self.kafka.servers,
                "-P",
                "-t",
                self.topic,
                "-K",
                "\t",
                "-X",
                "enable.idempotence=true",
                "-X",
                "message.timeout.ms=300000",
            ],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdin
        while not self.stopping.wait(0.02):
            for key in range(KEYS):
                process.stdin.write(f"k{key}\tk{key} {self.last}\n")
            process.stdin.flush()
            self.last += 1
        process.stdin.close()
        self.code = process.wait(120)

    def stop(self) -> None:
        self.stopping.set()
        self.join()
        expect(self.code == 0, "the independent producer failed")


class Chaos:
    """The job, and what is done to it."""

    def __init__(self, build: str, kafka: Kafka, folder: str, seed: int, control: bool) -> None:
        self.build, self.kafka, self.folder = build, kafka, folder
        self.random = random.Random(seed)
        self.done: collections.Counter[str] = collections.Counter()
        self.control = control
        self.job: Job | None = None
        self.logs: list[str] = []
        self.calm = control  # no further kills at a commit

    def start(self, die_at_commit: int = 0) -> None:
        if self.job is not None:
            self.logs.append(self.job.log())
        workers = 0 if self.control else self.random.choice([0, 2, 2])
        parallelism = self.random.choice([1, 2, 2, 3]) if workers == 0 else 2
        place = ["--workers", str(workers)] if workers else []
        if workers == 0 and not self.calm and self.random.random() < 0.5:
            die_at_commit = self.random.randint(1, 12)
            self.done["job at a commit"] += 1
        self.job = Job(
            self.build,
            self.folder,
            "--servers",
            self.kafka.servers,
            "--in",
            "in",
            "--out",
            "out",
            "--parallelism",
            str(parallelism),
            "--from",
            "latest",
            *place,
            "--die-at-commit",
            str(die_at_commit),
            "-D",
            "heartbeat.timeout=2500 ms",
            "-D",
            "heartbeat.interval=500 ms",
            "-D",
            "execution.checkpointing.tolerable-failed-checkpoints=5",
            "-D",
            "restart-strategy.type=fixed-delay",
            "-D",
            "restart-strategy.fixed-delay.attempts=1000",
            "-D",
            "restart-strategy.fixed-delay.delay=200 ms",
            "--sink-properties",
            "transaction.timeout.ms=120000",
            interval=INTERVAL,
            program="kafka_job_control" if self.control else "kafka_job",
        )

    def ensure(self) -> None:
        if self.job is None or self.job.process.poll() is not None:
            if self.job is not None and self.job.process.returncode not in (-9, 3):
                raise AssertionError(f"the job ended by itself:\n{self.job.log()[-4000:]}")
            self.start()

    def progress(self, more: int = 1, seconds: float = 60) -> None:
        """Waits for further checkpoints."""
        before = (completed(self.folder) or [0])[-1]
        deadline = time.monotonic() + seconds
        while (completed(self.folder) or [0])[-1] < before + more:
            self.ensure()
            assert self.job
            expect(
                time.monotonic() < deadline,
                f"no checkpoint for {seconds} s:\n{self.job.log()[-4000:]}",
            )
            time.sleep(0.02)

    def wait_moment(self) -> None:
        """Any moment of the interval; sometimes shortly after a completed checkpoint."""
        if self.random.random() < 0.5:
            before = (completed(self.folder) or [0])[-1]
            wait_until = time.monotonic() + 3
            while (completed(self.folder) or [0])[-1] == before and time.monotonic() < wait_until:
                self.ensure()
                time.sleep(0.001)
            time.sleep(self.random.uniform(0, 0.02))
        else:
            time.sleep(self.random.uniform(0, 0.5))

    def strike(self) -> None:
        self.wait_moment()
        self.ensure()
        assert self.job
        workers = self.job.workers()
        kind = self.random.choices(
            ["job", "worker", "broker", "pause worker", "pause job", "pause broker"],
            [10, 8 if workers else 0, 3, 2 if workers else 0, 1, 1],
        )[0]
        self.done[kind] += 1
        if kind == "job":
            self.job.end()
        elif kind == "worker":
            self.signal(self.random.choice(workers), signal.SIGKILL)
        elif kind == "broker":
            self.kafka.do("kill")
            time.sleep(self.random.uniform(0, 0.5))
            self.kafka.do("revive")
        elif kind == "pause broker":
            self.kafka.do("pause")
            time.sleep(self.random.uniform(0.5, 3))
            self.kafka.do("resume")
        else:
            pid = self.job.process.pid if kind == "pause job" else self.random.choice(workers)
            self.signal(pid, signal.SIGSTOP)
            time.sleep(self.random.choice([0.5, 1, 4]))
            self.signal(pid, signal.SIGCONT)

    @staticmethod
    def signal(pid: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def check(messages: list[tuple[str, str]], last: int) -> str | None:
    """None, or what is wrong with the results."""
    by_key = collections.defaultdict(list)
    for _, value in messages:
        key, count, number = value.split(" ")
        if int(count) != int(number) + 1:
            return f"{value}: the count does not fit the number, so a message was lost or repeated"
        by_key[key].append(int(number))
    for key in sorted(by_key):
        numbers = by_key[key]
        if numbers != list(range(last)):
            twice = [n for n, times in collections.Counter(numbers).items() if times > 1]
            missing = sorted(set(range(last)) - set(numbers))
            return (
                f"{key}: {len(numbers)} results of {last}; twice {twice[:5]} ({len(twice)}), "
                f"missing {missing[:5]} ({len(missing)}), "
                f"in order: {numbers == sorted(numbers)}"
            )
    return None if len(by_key) == KEYS or last == 0 else f"only the keys {sorted(by_key)}"


def run(arguments: argparse.Namespace, kafka: Kafka, folder: str) -> str | None:
    kafka.topic("in", PARTITIONS)
    kafka.topic("out", 3)
    chaos = Chaos(arguments.build, kafka, folder, arguments.seed, arguments.control)
    producer = Producer(kafka, "in")
    producer.start()
    end = time.monotonic() + arguments.seconds

    def all_written() -> bool:
        chaos.ensure()
        return len(kafka.values("out")) >= KEYS * producer.last

    try:
        if arguments.control:
            chaos.start(die_at_commit=4)
            assert chaos.job
            code = chaos.job.wait()[0]
            expect(code == -signal.SIGKILL, f"the job was not killed, but ended with {code}")
            chaos.done["job at a commit"] += 1
        else:
            chaos.start()
            chaos.progress()
        while (
            not arguments.control
            and sum(chaos.done.values()) < arguments.kills
            and time.monotonic() < end
        ):
            chaos.strike()
            chaos.ensure()
            chaos.progress(chaos.random.choice([0, 0, 1, 2]))
        producer.stop()
        last = producer.last
        chaos.calm = True
        if arguments.control:
            chaos.progress(3)
        else:
            wait_for("all results", all_written, 90)
            chaos.progress(2)
        problem = check(kafka.read("out"), last)
        uncommitted = len(kafka.values("out", "read_uncommitted"))
    except Exception:
        if chaos.job is not None:
            sys.stderr.write("\n----\n".join([*chaos.logs[-2:], chaos.job.log()])[-12000:] + "\n")
        raise
    finally:
        producer.stopping.set()
        if chaos.job is not None:
            chaos.job.end()
    hits = ", ".join(f"{count} × {kind}" for kind, count in sorted(chaos.done.items()))
    print(
        f"summary: seed {arguments.seed}, transaction.version "
        f"{arguments.transaction_version}: {hits}; {KEYS * last} results, "
        f"{uncommitted} with those that were not committed",
        flush=True,
    )
    return problem


def main() -> None:
    parser = argparse.ArgumentParser(
        description=inspect.getdoc(sys.modules[__name__]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--build", required=True)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--transaction-version", type=int, help="of the broker; default: by seed")
    parser.add_argument("--control", action="store_true")
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    folder = tempfile.mkdtemp(prefix="weir-kafka-kill-")
    if arguments.transaction_version is None:
        arguments.transaction_version = arguments.seed % 3
    options = ["--transaction-version", str(arguments.transaction_version)]
    with Kafka(*options) as kafka:
        problem = run(arguments, kafka, folder)
    if arguments.control:
        print(f"control: {problem}" if problem else "FAILED the control lost nothing")
        sys.exit(0 if problem else 1)
    print(f"FAILED {problem}\ncheckpoints are in {folder}" if problem else "ok")
    if not problem:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if problem else 0)


if __name__ == "__main__":
    main()
