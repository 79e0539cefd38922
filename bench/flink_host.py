#!/usr/bin/env python3
"""The keyed count three ways: in Java in Flink, as a weir job in the same Flink, and as the same
weir job in one process. CPU-ns per record.

Usage: flink_host.py --build DIR [--version V] [--records N] [--keys N] [--rounds N]

One session cluster with one TaskManager runs both ways in Flink alternately, after a warm-up run of
each. The measure is the processor time of the TaskManager and all its child processes, minus that
of an idle TaskManager in the same time. Every run must give the same digest.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import flink_cluster

PARALLELISM = 1
WARM_UP = 4000000
IDLE_SECONDS = 5
TARGET = 0.6


def child_processes(pid: int) -> list[int]:
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children") as children:
                for child in map(int, children.read().split()):
                    found += [child, *child_processes(child)]
        except OSError:  # it has ended
            pass
    return found


def cpu_seconds(pid: int) -> float:
    """Of a process, its ended children, and its live ones."""
    total = 0
    for process in [pid] + child_processes(pid):
        with open(f"/proc/{process}/stat") as stat:
            total += sum(int(field) for field in stat.read().rsplit(") ", 1)[1].split()[11:15])
    return total / os.sysconf("SC_CLK_TCK")


class Contest:
    def __init__(
        self, arguments: argparse.Namespace, flink: flink_cluster.FlinkCluster, scratch: str
    ) -> None:
        self.arguments, self.flink, self.scratch = arguments, flink, scratch
        self.program = os.path.join(os.path.abspath(arguments.build), "bin", "flink_keyed_count")
        self.taskmanager = flink.pids()["taskmanager-1"]
        self.jar = self.compiled()
        before = cpu_seconds(self.taskmanager)
        time.sleep(IDLE_SECONDS)
        self.idle = (cpu_seconds(self.taskmanager) - before) / IDLE_SECONDS

    def compiled(self) -> str:
        classes = os.path.join(self.scratch, "classes")
        jars = os.path.expanduser(
            subprocess.run(
                [
                    sys.executable,
                    self.flink.tool,
                    "install",
                    "--version",
                    self.flink.env["WEIR_TEST_FLINK_VERSION"],
                ],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                timeout=900,
            ).stdout.strip()
        )
        subprocess.run(
            [
                "javac",
                "-nowarn",
                "--release",
                "11",
                "-cp",
                f"{jars}/*",
                "-d",
                classes,
                os.path.join(ROOT, "bench/flink_host/KeyedCount.java"),
            ],
            check=True,
            timeout=120,
        )
        jar = os.path.join(self.scratch, "java.jar")
        subprocess.run(
            ["jar", "--create", "--file", jar, "-C", classes, "."], check=True, timeout=60
        )
        return jar

    def measured(self, submit: Callable[[], str]) -> tuple[float, str]:
        """The CPU time of a job in Flink, and its id."""
        begin, before = time.monotonic(), cpu_seconds(self.taskmanager)
        job = submit()
        self.flink.wait_end(job, "FINISHED", 600)
        time.sleep(0.5)  # until the child processes have been reaped
        return cpu_seconds(self.taskmanager) - before - self.idle * (time.monotonic() - begin), job

    def java(self, records: int, interval: str | None) -> tuple[float, int]:
        arguments = [str(records), str(self.arguments.keys)] + ([interval] if interval else [])
        cpu, job = self.measured(lambda: self.flink.run_java(self.jar, "KeyedCount", arguments))
        found = self.flink.get(f"/jobs/{job}/accumulators")["user-task-accumulators"]
        return cpu, int(next(entry["value"] for entry in found if entry["name"] == "digest"))

    def weir_command(self, records: int, interval: str | None) -> list[str]:
        command = [
            self.program,
            "--records",
            str(records),
            "--keys",
            str(self.arguments.keys),
            "--digest",
            self.digest_file(),
            "-D",
            "weir.progress=false",
            "--parallelism",
            str(PARALLELISM),
        ]
        return command + (
            [
                "-D",
                f"execution.checkpointing.interval={interval} ms",
                "-D",
                f"execution.checkpointing.dir={self.scratch}/checkpoints",
            ]
            if interval
            else []
        )

    def digest_file(self) -> str:
        return os.path.join(self.scratch, "digest")

    def digest(self) -> int:
        with open(self.digest_file()) as file:
            digest = int(file.read())
        os.remove(self.digest_file())
        return digest - (1 << 64) if digest >= 1 << 63 else digest

    def hosted(self, records: int, interval: str | None) -> tuple[float, int]:
        command = self.weir_command(records, interval) + [
            "--target",
            "flink",
            "--rest",
            self.flink.url,
            "--detached",
        ]
        return self.measured(lambda: flink_cluster.submit(command))[0], self.digest()

    def embedded(self, records: int, interval: str | None) -> tuple[float, int]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            self.weir_command(records, interval), check=True, timeout=600, stderr=subprocess.DEVNULL
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, self.digest()

    def round(self, interval: str | None) -> list[float]:
        """Returns ns per record: Java, weir in Flink, weir."""
        found = [
            way(self.arguments.records, interval) for way in (self.java, self.hosted, self.embedded)
        ]
        if len({digest for _, digest in found}) != 1:
            sys.exit(f"error: the digests differ: {[digest for _, digest in found]}")
        return [cpu / self.arguments.records * 1e9 for cpu, _ in found]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--version", default="2.3.0", help="of Flink")
    parser.add_argument("--records", type=int, default=20000000)
    parser.add_argument("--keys", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix="weir-flink-bench-")
    settings = [
        "-D",
        f"execution.checkpointing.dir=file://{scratch}/checkpoints",
        "-D",
        "taskmanager.memory.task.heap.size=896m",
    ]
    try:
        with flink_cluster.FlinkCluster(
            arguments.version, slots=1, options=["--fast", "--heap-mb", "1024", *settings]
        ) as flink:
            contest = Contest(arguments, flink, scratch)
            print(
                f"keyed count in Flink {arguments.version}: {arguments.records} records, {arguments.keys} keys, parallelism 1; CPU-ns per record; "
                f"the idle TaskManager used {contest.idle * 100:.1f} % of a processor",
                flush=True,
            )
            for way in (contest.java, contest.hosted):
                way(WARM_UP, "")
            print(
                f"{'':<26} {'round':>5} {'Java in Flink':>14} {'weir in Flink':>14} {'weir':>8} {'weir in Flink / Java':>21}"
            )
            for name, interval in (("no checkpoints", ""), ("a checkpoint each second", "1000")):
                rounds = []
                for number in range(arguments.rounds):
                    rounds.append(contest.round(interval))
                    java, hosted, embedded = rounds[-1]
                    print(
                        f"{name:<26} {number + 1:>5} {java:>14.0f} {hosted:>14.0f} {embedded:>8.0f} {hosted / java:>21.2f}",
                        flush=True,
                    )
                java, hosted, embedded = (
                    statistics.median(column) for column in zip(*rounds, strict=False)
                )
                ratio = statistics.median(h / j for j, h, _ in rounds)
                print(
                    f"{name:<26} {'median':>5} {java:>13.0f} {hosted:>14.0f} {embedded:>8.0f} {ratio:>21.2f}"
                    f"   {'meets' if ratio <= TARGET else 'misses'} the aim of {TARGET}",
                    flush=True,
                )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
