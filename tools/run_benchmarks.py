#!/usr/bin/env python3
"""Runs the benchmarks one after another and prints their figures. Needs a quiet machine.

Usage: run_benchmarks.py --build DIR
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def ticks(pid: int) -> float:
    fields = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    return (
        next(
            int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS")
        )
        / 1024
    )


def children(pid: int) -> list[int]:
    found: set[int] = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        found.update(
            int(child) for child in open(f"/proc/{pid}/task/{task}/children").read().split()
        )
    return sorted(found)


def idle_cluster(program: str, seconds: float = 10) -> None:
    """The cost of a coordinator and three workers while their job waits: without checkpoints,
    and with one each second.
    """
    for interval in (None, "1s"):
        checkpoints = tempfile.mkdtemp(prefix="weir-idle-")
        flags = (
            [
                "-D",
                f"execution.checkpointing.interval={interval}",
                "-D",
                f"execution.checkpointing.dir={checkpoints}",
            ]
            if interval
            else []
        )
        job = subprocess.Popen(
            [program, "--workers", "3", "--parallelism", "3"] + flags,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert job.stdout
            job.stdout.readline()
            time.sleep(2)
            processes = [job.pid] + children(job.pid)
            before, at = [ticks(pid) for pid in processes], time.monotonic()
            time.sleep(seconds)
            passed = time.monotonic() - at
            used = [
                100 * (ticks(pid) - cpu) / passed
                for pid, cpu in zip(processes, before, strict=False)
            ]
            print(
                f"idle cluster, {'a checkpoint each second' if interval else 'no checkpoints'}: coordinator {used[0]:.2f} % of a processor, "
                f"{resident_mib(job.pid):.1f} MiB resident; workers "
                + ", ".join(
                    f"{cpu:.2f} % {resident_mib(pid):.1f} MiB"
                    for cpu, pid in zip(used[1:], processes[1:], strict=False)
                ),
                flush=True,
            )
        finally:
            job.kill()
            job.wait()
            shutil.rmtree(checkpoints, ignore_errors=True)


def idle_job(program: str) -> None:
    """The time from start to the first record, and the cost of the waiting job, with a
    checkpoint each second.
    """
    firsts = []
    for _ in range(10):
        checkpoints = tempfile.mkdtemp(prefix="weir-idle-")
        begin = time.monotonic()
        job = subprocess.Popen(
            [
                program,
                "-D",
                "execution.checkpointing.interval=1s",
                "-D",
                f"execution.checkpointing.dir={checkpoints}",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert job.stdout
        job.stdout.readline()
        firsts.append((time.monotonic() - begin) * 1000)
        if len(firsts) == 10:
            time.sleep(1)
            cpu, at = ticks(job.pid), time.monotonic()
            time.sleep(5)
            used = (ticks(job.pid) - cpu) / (time.monotonic() - at)
            print(
                f"idle job: {resident_mib(job.pid):.1f} MiB resident, {100 * used:.2f} % of a processor, with a checkpoint each second"
            )
        job.kill()
        job.wait()
        shutil.rmtree(checkpoints, ignore_errors=True)
    print(
        f"start of the process to first record: median {statistics.median(firsts):.1f} ms, worst of 10 {max(firsts):.1f} ms"
    )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    build = parser.parse_args().build
    programs = os.path.join(build, "bin")
    for command in (
        ["keyed_count"],
        ["keyed_count", "--keys", "5000000", "--rounds", "3"],
        ["snapshot_pause"],
        ["burst", "-D", "weir.progress=false"],
    ):
        print("--", " ".join(command), flush=True)
        subprocess.run([os.path.join(programs, command[0])] + command[1:], check=True, timeout=1200)
    if os.path.exists(os.path.join(programs, "coordinator_scale")):  # built with the tests
        print("-- coordinator_scale", flush=True)
        subprocess.run([os.path.join(programs, "coordinator_scale")], check=True, timeout=1200)
    print("-- recovery", flush=True)
    subprocess.run(
        [sys.executable, os.path.join(ROOT, "bench", "recovery.py"), "--build", build],
        check=True,
        timeout=1200,
    )
    # Built by make flink-bridge.
    if os.path.exists(os.path.join(build, "share", "weir", "weir-flink.jar")):
        print("-- flink_host", flush=True)
        subprocess.run(
            [sys.executable, os.path.join(ROOT, "bench", "flink_host.py"), "--build", build],
            check=True,
            timeout=1200,
        )
    print("-- idle_job", flush=True)
    idle_job(os.path.join(programs, "idle_job"))
    idle_cluster(os.path.join(programs, "idle_job"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
