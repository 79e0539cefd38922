#!/usr/bin/env python3
"""Runs the benchmarks one after another and prints their figures. On a quiet machine, please.

Usage: run_benchmarks.py --build DIR
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_job(program):
    """Start to first record, and what the waiting job costs, with checkpoints each second."""
    firsts = []
    for _ in range(10):
        checkpoints = tempfile.mkdtemp(prefix="weir-idle-")
        begin = time.monotonic()
        job = subprocess.Popen(
            [program, "-D", "execution.checkpointing.interval=1s", "-D", f"execution.checkpointing.dir={checkpoints}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        job.stdout.readline()
        firsts.append((time.monotonic() - begin) * 1000)
        if len(firsts) == 10:
            time.sleep(1)
            cpu, at = ticks(job.pid), time.monotonic()
            time.sleep(5)
            used = (ticks(job.pid) - cpu) / (time.monotonic() - at)
            resident = next(int(l.split()[1]) for l in open(f"/proc/{job.pid}/status") if l.startswith("VmRSS")) / 1024
            print(f"idle job: {resident:.1f} MiB resident, {100 * used:.2f} % of a processor, with a checkpoint each second")
        job.kill()
        job.wait()
        shutil.rmtree(checkpoints, ignore_errors=True)
    print(f"start of the process to first record: median {statistics.median(firsts):.1f} ms, worst of 10 {max(firsts):.1f} ms")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    programs = os.path.join(parser.parse_args().build, "bin")
    for command in (["keyed_count"], ["keyed_count", "--keys", "5000000", "--rounds", "3"], ["snapshot_pause"]):
        print("--", " ".join(command), flush=True)
        subprocess.run([os.path.join(programs, command[0])] + command[1:], check=True, timeout=1200)
    print("-- idle_job", flush=True)
    idle_job(os.path.join(programs, "idle_job"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
