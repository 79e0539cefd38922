#!/usr/bin/env python3
"""How long until the next result? Kills a worker, kills the leader, and restores a gigabyte; bench/recovery.cc is the job.

Usage: recovery.py --build DIR [worker] [leader] [restore] [--kills N] [--megabytes N] [--log]

"Next result" is the first that a sink gives after it has been opened anew: what the survivors of a kill still give out does not count. The
leader's part needs a ZooKeeper, which tools/real/zookeeper.py fetches and starts. The restore is compared with `cat` of the same files, with
the system's cache emptied before (as root; else only with a warm one).
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from flights_cluster import RealSystem  # noqa: E402

WAIT_SECONDS = 120
ENTRY_BYTES = 56
STORED_BYTES = 66  # of an entry in a checkpoint


class Process:
    """One process of the job. Its results go to `results`, shared by all processes of the job; its log is kept."""

    def __init__(self, arguments, results, show=False):
        self.lines = []
        self.show = show
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=results.read, args=(self.process.stdout,), daemon=True).start()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if self.show:
                print(f"    {self.process.pid} | {self.lines[-1]}", file=sys.stderr, flush=True)

    def children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            found = [int(pid) for pid in children.read().split()]
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/children") as children:
                found += [int(pid) for pid in children.read().split()]
        return sorted(set(found))

    def leads(self):
        said = [line for line in self.lines if "this coordinator leads" in line]
        return bool(said) and "no longer" not in said[-1] and self.process.poll() is None

    def end(self):
        """With its workers, which die with it."""
        self.process.kill()
        self.process.wait(30)


class Results:
    """Who opened its sink when, and which results came."""

    def __init__(self):
        self.changed = threading.Condition()
        self.opened = {}  # process -> seconds, by the clock of time.monotonic()
        self.first = {}   # process -> seconds of the first result since it opened
        self.last = 0

    def read(self, stream):
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

    def next_after(self, moment, failed=lambda: None):
        """Seconds from `moment` to the first result of a sink that opened after it."""
        deadline = time.monotonic() + WAIT_SECONDS
        with self.changed:
            while True:
                found = [self.first[p] for p, opened in self.opened.items() if opened > moment and p in self.first]
                if found:
                    return min(found) - moment
                if time.monotonic() > deadline or failed():
                    sys.exit(f"no result came within {WAIT_SECONDS} s")
                self.changed.wait(0.1)


def job(build, directory, *flags, interval="200 ms"):
    return [os.path.join(build, "bin", "recovery"), "--parallelism", "2", "-D", f"execution.checkpointing.interval={interval}", "-D",
            f"execution.checkpointing.dir={directory}", "-D", "weir.progress=false", *flags]


def summary(seconds):
    return f"median {statistics.median(seconds) * 1000:.0f} ms, worst of {len(seconds)} {max(seconds) * 1000:.0f} ms"


def worker_killed(build, kills, show):
    took = []
    for n in range(kills):  # in a new job each: after a second failure within the hour the wait before a restart is longer
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


def leader_killed(build, kills, show, session_ms=2000):
    directory = tempfile.mkdtemp(prefix="weir-recovery-")
    processes = []
    with RealSystem("zookeeper.py") as zookeeper:
        flags = ["-D", "high-availability.type=zookeeper", "-D", f"high-availability.zookeeper.quorum={zookeeper.env['WEIR_TEST_ZOOKEEPER']}",
                 "-D", f"high-availability.zookeeper.client.session-timeout={session_ms} ms"]
        results = Results()

        def start(*role):
            processes.append(Process(job(build, directory, *flags, "--role", *role), results, show))
            return processes[-1]

        try:
            coordinators = [start("coordinator", "--listen", "127.0.0.1:0") for _ in range(2)]
            for _ in range(2):
                start("worker")
            results.next_after(0)
            took = []
            for n in range(kills):
                time.sleep(3)  # a few checkpoints, and the other coordinator stands by
                leader = next(c for c in coordinators if c.leads())
                moment = time.monotonic()
                leader.end()
                took.append(results.next_after(moment))
                if show:
                    print(f"    kill {n + 1}: {took[-1] * 1000:.0f} ms", file=sys.stderr, flush=True)
                coordinators.remove(leader)
                coordinators.append(start("coordinator", "--listen", "127.0.0.1:0"))
            print(f"the leader killed, with a session of {session_ms} ms, to the next result: {summary(took)}", flush=True)
        finally:
            for process in processes:
                process.end()
            shutil.rmtree(directory, ignore_errors=True)


def newest_checkpoint(directory):
    """Its data files and their bytes; none: ([], 0)."""
    best = (-1, [])
    for folder, _, files in os.walk(directory):
        name = os.path.basename(folder)
        if name.startswith("chk-") and "_metadata" in files:
            best = max(best, (int(name[4:]), [os.path.join(folder, file) for file in files if file != "_metadata"]))
    try:
        return best[1], sum(os.path.getsize(file) for file in best[1])
    except FileNotFoundError:  # a newer one has taken its place
        return [], 0


def forget_cache():
    """False: only root may."""
    subprocess.run(["sync"], check=True)
    try:
        with open("/proc/sys/vm/drop_caches", "w") as drop:
            drop.write("3")
        return True
    except OSError:
        return False


def restored(build, megabytes, rounds, show):
    """Both workers of a job are killed, with a gigabyte of state and with none: the difference is what it takes to read the state. Its
    checkpoint is the one that the job was started from, which the coordinator has checked by then."""
    directory, empty = (tempfile.mkdtemp(prefix="weir-recovery-", dir=os.environ.get("WEIR_BENCH_DIR")) for _ in range(2))
    keys = megabytes * 1000000 // ENTRY_BYTES
    running = []

    def start(where, count, *flags, interval):
        results = Results()
        running.append(Process(job(build, where, "--fill", str(count), "--from", "latest", *flags, interval=interval), results, show))
        return running[-1], results

    def workers_killed(where, count, cold):
        coordinator, results = start(where, count, "--workers", "2", interval="1 h")
        results.next_after(0)
        time.sleep(1)
        if cold:
            forget_cache()
        moment = time.monotonic()
        for worker in coordinator.children():
            os.kill(worker, signal.SIGKILL)
        took = results.next_after(moment)
        coordinator.end()
        return took

    try:
        filling, _ = start(directory, keys, interval="3 s")
        deadline = time.monotonic() + 300
        while newest_checkpoint(directory)[1] < keys * STORED_BYTES:
            if filling.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("the state was not filled:\n" + "\n".join(filling.lines))
            time.sleep(0.2)
        filling.end()
        files, size = newest_checkpoint(directory)
        print(f"{keys} keys, {size / 1e6:.0f} MB in {len(files)} files", flush=True)
        for cold in ([True, False] if forget_cache() else [False]):
            name, speeds, ratios = "cold" if cold else "warm", [], []
            for _ in range(rounds):
                without = workers_killed(empty, 0, cold)
                took = workers_killed(directory, keys, cold) - without
                if cold:
                    forget_cache()
                moment = time.monotonic()
                subprocess.run(["cat", *files], stdout=subprocess.DEVNULL, check=True)
                cat = time.monotonic() - moment
                speeds.append(size / took / 1e6)
                ratios.append(cat / took)
                print(f"    {name}: restored in {took:.2f} s, after {without:.2f} s for everything else; cat in {cat:.2f} s", flush=True)
            print(f"restored with a {name} cache: median {statistics.median(speeds):.0f} MB/s, {statistics.median(ratios):.2f} of cat's speed",
                  flush=True)
    finally:
        for process in running:
            process.end()
        for each in (directory, empty):
            shutil.rmtree(each, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("parts", nargs="*", choices=["worker", "leader", "restore", []])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--log", action="store_true")
    arguments = parser.parse_args()
    parts = arguments.parts or ["worker", "leader", "restore"]
    if "worker" in parts:
        worker_killed(arguments.build, arguments.kills, arguments.log)
    if "leader" in parts:
        leader_killed(arguments.build, max(1, arguments.kills // 2), arguments.log)
    if "restore" in parts:
        restored(arguments.build, arguments.megabytes, arguments.rounds, arguments.log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
