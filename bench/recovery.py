#!/usr/bin/env python3
"""How long until the next result? Kills a worker, kills the leader, and restores a gigabyte;
bench/recovery.cc is the job.

Usage: recovery.py --build DIR [worker] [leader] [restore] [restore-hdfs] [--kills N] [--megabytes N] [--log]

"Next result" is the first one that a sink prints after it has been opened again; late results of
processes that survived a kill do not count. The leader's part needs a ZooKeeper, which
tools/real/zookeeper.py fetches and starts. The restore is compared with `cat` of the same files,
with an emptied system cache (as root; otherwise only with a warm one). On an HDFS that
tools/real/hdfs.py starts on this machine, it is compared with curl of the same files over WebHDFS
and with `hdfs dfs -cat`. The load shows what else ran; the workers' processor time depends on it
least.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from flights_cluster import RealSystem

WAIT_SECONDS = 120
ENTRY_BYTES = 56
STORED_BYTES = 66  # of an entry in a checkpoint


class Process:
    """One process of the job. All processes of the job add their results to `results`; its log
    is kept.
    """

    def __init__(self, arguments: list[str], results: Results, show: bool = False) -> None:
        self.lines: list[str] = []
        self.show = show
        self.process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=results.read, args=(self.process.stdout,), daemon=True).start()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if self.show:
                print(f"    {self.process.pid} | {self.lines[-1]}", file=sys.stderr, flush=True)

    def children(self) -> list[int]:
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            found = [int(pid) for pid in children.read().split()]
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/children") as children:
                found += [int(pid) for pid in children.read().split()]
        return sorted(set(found))

    def leads(self) -> bool:
        said = [line for line in self.lines if "this coordinator leads" in line]
        return bool(said) and "no longer" not in said[-1] and self.process.poll() is None

    def end(self) -> None:
        """Ends the process and its workers, which die with it."""
        self.process.kill()
        self.process.wait(30)


class Results:
    """When each process opened its sink, and which results came."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.opened: dict[str, float] = {}  # process -> seconds, by the clock of time.monotonic()
        self.first: dict[str, float] = {}  # process -> seconds of the first result since it opened
        self.last = 0.0

    def read(self, stream: Iterable[str]) -> None:
        for line in stream:
            process, what, nanoseconds = line.split()
            seconds = int(nanoseconds) / 1e9
            with self.changed:
                if what == "open":
                    self.opened[process] = seconds
                    self.first.pop(process, None)
                else:
                    self.first.setdefault(process, seconds)
                    self.last = seconds
                self.changed.notify_all()

    def next_after(self, moment: float, failed: Callable[[], Any] = lambda: None) -> float:
        """Seconds from `moment` to the first result of a sink that opened after it."""
        deadline = time.monotonic() + WAIT_SECONDS
        with self.changed:
            while True:
                found = [
                    self.first[p]
                    for p, opened in self.opened.items()
                    if opened > moment and p in self.first
                ]
                if found:
                    return min(found) - moment
                if time.monotonic() > deadline or failed():
                    sys.exit(f"no result came within {WAIT_SECONDS} s")
                self.changed.wait(0.1)


def job(build: str, directory: str, *flags: str, interval: str = "200 ms") -> list[str]:
    return [
        os.path.join(build, "bin", "recovery"),
        "--parallelism",
        "2",
        "-D",
        f"execution.checkpointing.interval={interval}",
        "-D",
        f"execution.checkpointing.dir={directory}",
        "-D",
        "weir.progress=false",
        *flags,
    ]


def summary(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds) * 1000:.0f} ms, worst of {len(seconds)} {max(seconds) * 1000:.0f} ms"


def worker_killed(build: str, kills: int, show: bool) -> None:
    took = []
    # In a new job each, because a second failure within the hour lengthens the wait before a
    # restart.
    for n in range(kills):
        directory = tempfile.mkdtemp(prefix="weir-recovery-")
        results = Results()
        coordinator = Process(job(build, directory, "--workers", "2"), results, show)
        try:
            results.next_after(0)
            time.sleep(1.5)  # a few checkpoints
            worker = coordinator.children()[n % 2]
            moment = time.monotonic()
            os.kill(worker, signal.SIGKILL)
            took.append(results.next_after(moment))
            if show:
                print(f"    kill {n + 1}: {took[-1] * 1000:.0f} ms", file=sys.stderr, flush=True)
        finally:
            coordinator.end()
            shutil.rmtree(directory, ignore_errors=True)
    print(f"a worker killed, to the next result: {summary(took)}", flush=True)


def leader_killed(build: str, kills: int, show: bool, session_ms: int = 2000) -> None:
    directory = tempfile.mkdtemp(prefix="weir-recovery-")
    processes = []
    with RealSystem("zookeeper.py") as zookeeper:
        flags = [
            "-D",
            "high-availability.type=zookeeper",
            "-D",
            f"high-availability.zookeeper.quorum={zookeeper.env['WEIR_TEST_ZOOKEEPER']}",
            "-D",
            f"high-availability.zookeeper.client.session-timeout={session_ms} ms",
        ]
        results = Results()

        def start(*role: str) -> Process:
            processes.append(Process(job(build, directory, *flags, "--role", *role), results, show))
            return processes[-1]

        try:
            coordinators = [start("coordinator", "--listen", "127.0.0.1:0") for _ in range(2)]
            for _ in range(2):
                start("worker")
            results.next_after(0)
            took = []
            for n in range(kills):
                # A few checkpoints, and time for the other coordinator to become a standby.
                time.sleep(3)
                leader = next(c for c in coordinators if c.leads())
                moment = time.monotonic()
                leader.end()
                took.append(results.next_after(moment))
                if show:
                    print(
                        f"    kill {n + 1}: {took[-1] * 1000:.0f} ms", file=sys.stderr, flush=True
                    )
                coordinators.remove(leader)
                coordinators.append(start("coordinator", "--listen", "127.0.0.1:0"))
            print(
                f"the leader killed, with a session of {session_ms} ms, to the next result: {summary(took)}",
                flush=True,
            )
        finally:
            for process in processes:
                process.end()
            shutil.rmtree(directory, ignore_errors=True)


def newest_checkpoint(directory: str) -> tuple[list[str], int]:
    """Its data files and their total size; ([], 0) if there is none."""
    best: tuple[int, list[str]] = (-1, [])
    for folder, _, files in os.walk(directory):
        name = os.path.basename(folder)
        if name.startswith("chk-") and "_metadata" in files:
            best = max(
                best,
                (
                    int(name[4:]),
                    [os.path.join(folder, file) for file in files if file != "_metadata"],
                ),
            )
    try:
        return best[1], sum(os.path.getsize(file) for file in best[1])
    except FileNotFoundError:  # a newer one has replaced it
        return [], 0


def forget_cache() -> bool:
    """False: only root can."""
    subprocess.run(["sync"], check=True)
    try:
        with open("/proc/sys/vm/drop_caches", "w") as drop:
            drop.write("3")
        return True
    except OSError:
        return False


def processor_seconds(pids: Iterable[int]) -> tuple[float, float]:
    """User and system time of live processes."""
    tick = os.sysconf("SC_CLK_TCK")
    fields = []
    for pid in pids:
        with open(f"/proc/{pid}/stat") as stat:
            fields.append(stat.read().rsplit(")", 1)[1].split())
    return sum(int(f[11]) for f in fields) / tick, sum(int(f[12]) for f in fields) / tick


def seconds_of(command: list[str], **options: Any) -> float:
    moment = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, **options)
    return time.monotonic() - moment


class LocalDisk:
    name = "local disk"

    def __init__(self, directory: str) -> None:
        self.uri = directory

    def readings(self, files: list[str]) -> dict[str, Callable[[], float]]:
        return {"cat": lambda: seconds_of(["cat", *files])}


class Hdfs:
    """A copy of `directory`, which is on the local disk."""

    name = "HDFS"

    def __init__(self, hdfs: RealSystem, directory: str, name: str) -> None:
        self.conf = hdfs.env["HADOOP_CONF_DIR"]
        self.shell = [
            "java",
            "-cp",
            f"{self.conf}:{hdfs.env['WEIR_TEST_HDFS_CLASSPATH']}",
            "org.apache.hadoop.fs.FsShell",
        ]
        self.local, self.path = directory, f"/{name}"
        self.uri = hdfs.env["WEIR_TEST_HDFS"] + self.path
        subprocess.run(
            [*self.shell, "-put", directory, self.path], check=True, stderr=subprocess.DEVNULL
        )

    def readings(self, files: list[str]) -> dict[str, Callable[[], float]]:
        with open(os.path.join(self.conf, "hdfs-site.xml")) as conf:
            text = conf.read()
        (namenode, *_) = re.findall(r"dfs.namenode.http-address</name><value>([^<]+)", text)
        there = [self.path + file[len(self.local) :] for file in files]
        urls = [f"http://{namenode}/webhdfs/v1{file}?op=OPEN" for file in there]

        def hdfs_cat() -> float:
            least = min(files, key=os.path.getsize)
            start = seconds_of(
                [*self.shell, "-cat", self.path + least[len(self.local) :]],
                stderr=subprocess.DEVNULL,
            )
            return seconds_of([*self.shell, "-cat", *there], stderr=subprocess.DEVNULL) - start

        return {
            "curl": lambda: sum(
                seconds_of(["curl", "-sfL", "-o", os.devnull, url]) for url in urls
            ),
            "hdfs dfs -cat, without its start": hdfs_cat,
        }


def restored(
    build: str, megabytes: int, rounds: int, show: bool, hdfs: RealSystem | None = None
) -> None:
    """Kills both workers of a job, with a gigabyte of state and with none; the difference is the
    time to read the state. The restored checkpoint is the one that the job was started from,
    which the coordinator has already checked."""
    directory, empty = (
        tempfile.mkdtemp(prefix="weir-recovery-", dir=os.environ.get("WEIR_BENCH_DIR"))
        for _ in range(2)
    )
    keys = megabytes * 1000000 // ENTRY_BYTES
    running = []

    def start(where: str, count: int, *flags: str, interval: str) -> tuple[Process, Results]:
        results = Results()
        running.append(
            Process(
                job(
                    build,
                    where,
                    "--fill",
                    str(count),
                    "--from",
                    "latest",
                    *flags,
                    interval=interval,
                ),
                results,
                show,
            )
        )
        return running[-1], results

    def workers_killed(where: str, count: int, cold: bool) -> tuple[float, tuple[float, float]]:
        coordinator, results = start(where, count, "--workers", "2", interval="1 h")
        results.next_after(0)
        time.sleep(1)
        if cold:
            forget_cache()
        before = coordinator.children()
        moment = time.monotonic()
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        took = results.next_after(moment)
        used = processor_seconds(pid for pid in coordinator.children() if pid not in before)
        coordinator.end()
        return took, used

    try:
        filling, _ = start(directory, keys, interval="3 s")
        deadline = time.monotonic() + 300
        while newest_checkpoint(directory)[1] < keys * STORED_BYTES:
            if filling.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("the state was not filled:\n" + "\n".join(filling.lines))
            time.sleep(0.2)
        filling.end()
        files, size = newest_checkpoint(directory)
        place = Hdfs(hdfs, directory, "full") if hdfs else LocalDisk(directory)
        without_state = Hdfs(hdfs, empty, "empty") if hdfs else LocalDisk(empty)
        print(f"{keys} keys, {size / 1e6:.0f} MB in {len(files)} files on {place.name}", flush=True)
        for cold in [True, False] if forget_cache() else [False]:
            name, speeds = "cold" if cold else "warm", []
            ratios: dict[str, list[float]] = {}
            for _ in range(rounds):
                without, _ = workers_killed(without_state.uri, 0, cold)
                took, (user, system) = workers_killed(place.uri, keys, cold)
                took -= without
                speeds.append(size / took / 1e6)
                line = (
                    f"    {name}: restored in {took:.2f} s (processor time: user {user:.2f} s, system {system:.2f} s), after {without:.2f} s for "
                    "everything else"
                )
                for reader, read in place.readings(files).items():
                    if cold:
                        forget_cache()
                    seconds = read()
                    ratios.setdefault(reader, []).append(seconds / took)
                    line += f"; {reader}: {seconds:.2f} s"
                print(f"{line}; load {os.getloadavg()[0]:.1f}", flush=True)
            of = ", ".join(
                f"{statistics.median(values):.2f} of the speed of {reader}"
                for reader, values in ratios.items()
            )
            print(
                f"restored from {place.name} with a {name} cache: median {statistics.median(speeds):.0f} MB/s, {of}",
                flush=True,
            )
    finally:
        for process in running:
            process.end()
        for each in (directory, empty):
            shutil.rmtree(each, ignore_errors=True)


def restored_from_hdfs(build: str, megabytes: int, rounds: int, show: bool) -> None:
    with RealSystem("hdfs.py") as hdfs:
        os.environ["HADOOP_CONF_DIR"] = hdfs.env["HADOOP_CONF_DIR"]
        restored(build, megabytes, rounds, show, hdfs)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument(
        "parts", nargs="*", choices=["worker", "leader", "restore", "restore-hdfs", []]
    )
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--log", action="store_true")
    arguments = parser.parse_args()
    parts = arguments.parts or ["worker", "leader", "restore", "restore-hdfs"]
    if "worker" in parts:
        worker_killed(arguments.build, arguments.kills, arguments.log)
    if "leader" in parts:
        leader_killed(arguments.build, max(1, arguments.kills // 2), arguments.log)
    if "restore" in parts:
        restored(arguments.build, arguments.megabytes, arguments.rounds, arguments.log)
    if "restore-hdfs" in parts:
        restored_from_hdfs(arguments.build, arguments.megabytes, arguments.rounds, arguments.log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
