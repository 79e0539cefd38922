#!/usr/bin/env python3
"""How fast are weir's two clients of HDFS, beside Hadoop's own? On an HDFS that tools/real/hdfs.py
starts on this machine, in turns: weir's native client and its WebHDFS client (hdfs_copy.cc),
Hadoop's client in a JVM that is warm (HdfsCopy.java), and `hdfs dfs -put` and `-cat`, whose start is
subtracted. They write and read a large file, and write many small ones. Everything shares this
machine's processors and disk, so ratios count and not seconds. --nice applies to all programs alike,
the servers included. With --scratch /dev/shm there is no disk whose syncs take time.

Usage: hdfs_speed.py --build DIR [--megabytes N] [--files N] [--rounds N] [--datanodes N]
                     [--nice N] [--scratch DIR]
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.path.join(ROOT, "tools", "real", "hdfs.py")
Figures = dict[str, tuple[float, ...]]
TRANSFERS = ["write", "read", "write-unsynced"]


def environment_of(home: str) -> dict[str, str]:
    text = subprocess.run(
        ["bash", "-c", f". {shlex.quote(home)}/env && env -0"], capture_output=True, check=True
    ).stdout
    return dict(item.split("=", 1) for item in text.decode().split("\0") if "=" in item)


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(command: list[str], **options: Any) -> tuple[float, float]:
    """Seconds and processor seconds of a program."""
    processor, begin = children_seconds(), time.monotonic()
    subprocess.run(command, check=True, **options)
    return time.monotonic() - begin, children_seconds() - processor


def figures(command: list[str], env: dict[str, str]) -> Figures:
    """The lines "NAME A B" of hdfs_copy or HdfsCopy."""
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    lines = [line.split() for line in done.stdout.splitlines()]
    return {line[0]: (float(line[1]), float(line[2])) for line in lines if len(line) == 3}


class Java:
    """Hadoop's client."""

    def __init__(self, env: dict[str, str], scratch: str, megabytes: int) -> None:
        self.env = env
        classes = env["WEIR_TEST_HDFS_CLASSPATH"]
        source = os.path.join(ROOT, "bench", "HdfsCopy.java")
        subprocess.run(["javac", "-cp", classes, "-d", scratch, source], check=True)
        self.command = ["java", "-Xmx256m", "-cp", f"{env['HADOOP_CONF_DIR']}:{classes}:{scratch}"]
        self.local = os.path.join(scratch, "local")
        with open(self.local, "wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(1 << 20))

    def api(self, *arguments: str) -> Figures:
        return figures([*self.command, "HdfsCopy", *arguments], self.env)

    def shell(self, uri: str) -> Figures:
        """`hdfs dfs`, without the time and the processor time of a start. It syncs nothing."""
        command = [*self.command, "org.apache.hadoop.fs.FsShell"]
        quiet: dict[str, Any] = {
            "env": self.env,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        }
        start = timed([*command, "-ls", uri], **quiet)
        put = timed([*command, "-put", "-f", self.local, uri + "/shell"], **quiet)
        cat = timed([*command, "-cat", uri + "/shell"], **quiet)
        return {
            "write-unsynced": tuple(a - b for a, b in zip(put, start, strict=True)),
            "read": tuple(a - b for a, b in zip(cat, start, strict=True)),
        }


def measure(
    arguments: argparse.Namespace, env: dict[str, str], scratch: str
) -> dict[str, list[Figures]]:
    """The figures of each client, by round."""
    uri = env["WEIR_TEST_HDFS"] + "/speed"
    size = [str(arguments.megabytes), str(arguments.files)]
    copy = os.path.join(arguments.build, "bin", "hdfs_copy")
    java = Java(env, scratch, arguments.megabytes)
    clients = {
        "native": lambda: figures([copy, "native", uri, *size], env),
        "webhdfs": lambda: figures([copy, "webhdfs", uri, *size], env),
        "java": lambda: java.api(uri, *size),
        "hdfs dfs": lambda: java.shell(uri),
    }
    results: dict[str, list[Figures]] = {name: [] for name in clients}
    for number in range(arguments.rounds):
        names = list(clients)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            results[name].append(clients[name]())
    return results


def report(arguments: argparse.Namespace, results: dict[str, list[Figures]]) -> None:
    gib = arguments.megabytes / 1024
    print(
        f"{arguments.megabytes} MiB, {arguments.rounds} rounds, {arguments.datanodes} DataNodes, "
        f"nice {arguments.nice}, load {os.getloadavg()[0]:.1f}"
    )
    median = {
        (client, what, i): statistics.median(r[what][i] for r in rounds)
        for client, rounds in results.items()
        for what in rounds[0]
        for i in (0, 1)
    }
    for client, what, i in median:
        first, second = median[client, what, 0], median[client, what, 1]
        if i == 1:
            continue
        if what in TRANSFERS:
            print(
                f"{client:8} {what:14} {arguments.megabytes / first:6.0f} MiB/s, "
                f"{second / gib:.2f} processor seconds a GiB"
            )
        else:
            print(f"{client:8} {what:14} {1000 * first:6.1f} ms, p99 {1000 * second:6.1f} ms")
    for other in ("webhdfs", "java", "hdfs dfs"):
        for what in results[other][0]:
            pairs = [
                (mine[what], theirs[what])
                for mine, theirs in zip(results["native"], results[other], strict=True)
                if what in mine
            ]
            if not pairs:
                continue
            speed = statistics.median(theirs[0] / mine[0] for mine, theirs in pairs)
            text = f"native {what}: {speed:.2f} x as fast as {other}"
            if what in TRANSFERS:
                cost = statistics.median(mine[1] / theirs[1] for mine, theirs in pairs)
                text += f", {cost:.2f} of its processor time"
            print(text)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", required=True)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--datanodes", type=int, default=1)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--scratch")
    arguments = parser.parse_args()
    os.nice(arguments.nice)
    with tempfile.TemporaryDirectory(prefix="weir-hdfs-speed-", dir=arguments.scratch) as scratch:
        home = os.path.join(scratch, "hdfs")
        subprocess.run(
            [TOOL, "start", "--home", home, "--datanodes", str(arguments.datanodes)]
            + ["--close-delay-ms", "400"],
            check=True,
        )
        try:
            results = measure(arguments, environment_of(home), scratch)
        finally:
            subprocess.run([TOOL, "stop", "--home", home], check=False)
    report(arguments, results)


if __name__ == "__main__":
    main()
