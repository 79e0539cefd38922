#!/usr/bin/env python3
"""How fast are weir's two clients of HDFS, beside Hadoop's own? Writes and reads a large file on an
HDFS that tools/real/hdfs.py starts on this machine, in turns: by weir's native client, by its
WebHDFS client (bench/hdfs_copy.cc), and by `hdfs dfs -put` and `-cat`, whose start is subtracted.
Everything shares this machine's processors, so ratios count and not seconds. Also the median time
of a file of 1 MiB.

Usage: hdfs_speed.py --build DIR [--megabytes N] [--files N] [--rounds N] [--datanodes N]
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import statistics
import subprocess
import tempfile
import time
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.path.join(ROOT, "tools", "real", "hdfs.py")


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


def of_weir(
    build: str, env: dict[str, str], client: str, uri: str, megabytes: int, files: int
) -> dict[str, tuple[float, ...]]:
    out = subprocess.run(
        [os.path.join(build, "bin", "hdfs_copy"), client, uri, str(megabytes), str(files)],
        env=env,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {
        line.split()[0]: tuple(map(float, line.split()[1:]))
        for line in out.splitlines()
        if len(line.split()) == 3
    }


def of_java(
    env: dict[str, str], uri: str, scratch: str, megabytes: int
) -> dict[str, tuple[float, ...]]:
    """Without the time and the processor time of a start."""
    shell = [
        "java",
        "-Xmx256m",
        "-cp",
        f"{env['HADOOP_CONF_DIR']}:{env['WEIR_TEST_HDFS_CLASSPATH']}",
    ]
    shell.append("org.apache.hadoop.fs.FsShell")
    local = os.path.join(scratch, "local")
    if not os.path.exists(local):
        with open(local, "wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(1 << 20))
    quiet = {"env": env, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    start = timed(shell + ["-ls", uri], **quiet)
    put = timed(shell + ["-put", "-f", local, uri + "/java"], **quiet)
    cat = timed(shell + ["-cat", uri + "/java"], **quiet)
    return {
        "write": tuple(a - b for a, b in zip(put, start, strict=True)),
        "read": tuple(a - b for a, b in zip(cat, start, strict=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", required=True)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--datanodes", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-hdfs-speed-") as scratch:
        home = os.path.join(scratch, "hdfs")
        subprocess.run(
            [TOOL, "start", "--home", home, "--datanodes", str(arguments.datanodes)]
            + ["--close-delay-ms", "400"],
            check=True,
        )
        try:
            env = environment_of(home)
            uri = env["WEIR_TEST_HDFS"] + "/speed"
            results: dict[str, list[dict[str, tuple[float, ...]]]] = {
                "native": [],
                "webhdfs": [],
                "java": [],
            }
            for _ in range(arguments.rounds):
                for client in ("native", "webhdfs"):
                    results[client].append(
                        of_weir(
                            arguments.build,
                            env,
                            client,
                            uri,
                            arguments.megabytes,
                            arguments.files,
                        )
                    )
                results["java"].append(of_java(env, uri, scratch, arguments.megabytes))
        finally:
            subprocess.run([TOOL, "stop", "--home", home], check=False)
    gib = arguments.megabytes / 1024
    print(
        f"{arguments.megabytes} MiB, {arguments.datanodes} DataNodes, load {os.getloadavg()[0]:.1f}"
    )
    median = {}
    for client, rounds in results.items():
        for what in ("write", "read"):
            seconds = statistics.median(r[what][0] for r in rounds)
            processor = statistics.median(r[what][1] for r in rounds)
            median[client, what] = seconds
            print(
                f"{client:8} {what:5} {arguments.megabytes / seconds:7.0f} MiB/s, "
                f"{processor / gib:.2f} processor seconds a GiB"
            )
        small = [r["small"][0] for r in rounds if "small" in r]
        if small:
            print(f"{client:8} 1 MiB {1000 * statistics.median(small):7.1f} ms (median)")
    for what in ("write", "read"):
        native = median["native", what]
        print(
            f"native {what}: {median['webhdfs', what] / native:.2f} x WebHDFS, "
            f"{median['java', what] / native:.2f} x Java"
        )


if __name__ == "__main__":
    main()
