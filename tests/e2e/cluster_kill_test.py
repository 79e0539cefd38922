#!/usr/bin/env python3
"""Runs the flights job as clusters of two or three coordinators and three or four workers, each a
separate process, on a real HDFS and a real ZooKeeper. Kills and pauses them at random moments,
including the leader, and restarts them. The committed results of each cluster must equal those
of an independent computation, and every process must end by itself when the job has ended.

WEIR_TEST_HDFS and WEIR_TEST_ZOOKEEPER name the servers (tools/real); missing ones are started here.

Usage: cluster_kill_test.py --build DIR [--kills N] [--leader-kills N] [--pauses N] [--seed N] [--verbose]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import flights_cluster
import flights_data
import flights_job
import flights_reference

RATE = 3000
EVENTS_A_ROUND = 12
ROWS = 27000
YEAR = 336776 - ROWS
SESSION_MS = 2000
HEARTBEAT_MS = 2500
PAUSE_SECONDS = (2.7, 4.0)  # longer than both
RESULT_SECONDS = 60
OVERLAPPING = 0.25  # fraction of events that are followed by another before the job has recovered


class Failure(Exception):
    pass


class Round:
    """One job, from start to end, and the faults of its processes."""

    def __init__(
        self,
        binary: str,
        source: str,
        place: flights_job.Place,
        zookeeper: str,
        root: str,
        chance: random.Random,
        wanted: dict[str, int],
        show: Callable[[flights_cluster.Member, str], None] | None,
    ) -> None:
        self.source, self.place, self.chance, self.wanted = source, place, chance, wanted
        self.setup: dict[str, Any] = {
            "coordinators": chance.randint(2, 3),
            "workers": chance.randint(3, 4),
            "slots": chance.randint(1, 2),
            "slot_wait": chance.choice(["100 ms", "500 ms", "3 s"]),
        }
        self.setup["parallelism"] = min(
            4, self.setup["workers"] * self.setup["slots"] - chance.randint(0, 1)
        )
        self.cluster = flights_cluster.Cluster(
            binary,
            source,
            place,
            zookeeper=zookeeper,
            root=root,
            rate=RATE,
            session_ms=SESSION_MS,
            heartbeat_ms=HEARTBEAT_MS,
            show=show,
            **self.setup,
        )
        self.done = {"leader kills": 0, "other kills": 0, "leader pauses": 0, "worker pauses": 0}
        self.agenda: list[
            tuple[float, flights_cluster.Member, str]
        ] = []  # (when, member, what): restarts of killed members, and resumes of paused ones
        self.history: list[
            list[Any]
        ] = []  # (kind, moment, whether another event came before its result)
        self.began = time.monotonic()
        self.events: list[str] = []
        self.struck_at_ms: list[int] = []  # when an event was noted
        self.strangers = 0
        self.ended = False

    def note(self, text: str) -> None:
        self.events.append(f"{time.monotonic() - self.began:7.2f} s: {text}")
        self.struck_at_ms.append(flights_cluster.Moment().wall_ms)
        if self.cluster.show:
            print(f"=== {self.events[-1]}", flush=True)

    def tend(self) -> bool:
        """Carries out due restarts and resumes; then returns False if the job has ended. A
        process that ends by itself earlier is a failure.
        """
        now = time.monotonic()
        down = [member for _, member, what in self.agenda if what == "start"]
        for member in self.cluster.members:
            if not self.ended and member not in down and not member.lives():
                code = member.run.process.returncode
                if code != 0:
                    raise Failure(
                        f"{member.name} (pid {member.run.process.pid}) ended by itself with exit code {code}"
                    )
                self.ended = True
        for entry in [entry for entry in self.agenda if entry[0] <= now or self.ended]:
            self.agenda.remove(entry)
            _, member, what = entry
            if what == "resume":
                self.note(f"{member.name} goes on")
                member.resume()
            elif not self.ended:
                member.start()
                self.note(f"{member.name} is started again as pid {member.run.process.pid}")
        return not self.ended

    def wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """False: the job has ended."""
        deadline = time.monotonic() + seconds
        while True:
            if not self.tend():
                return False
            if until() or time.monotonic() >= deadline:
                return True
            time.sleep(0.02)

    def choose(self) -> str | None:
        """Chooses the next fault, weighted by the number still missing of each kind."""
        missing = {kind: max(0, count - self.done[kind]) for kind, count in self.wanted.items()}
        if not any(missing.values()):
            return None
        return self.chance.choices(list(missing), weights=list(missing.values()))[0]

    def victim(self, kind: str) -> flights_cluster.Member | None:
        up = [m for m in self.cluster.members if m.lives() and not m.paused]
        leader = self.cluster.leader()
        if kind.startswith("leader"):
            return leader
        workers = [m for m in up if m.role == "worker"]
        if kind == "worker pauses":
            return self.chance.choice(workers) if workers else None
        standbys = [m for m in up if m.role == "coordinator" and m is not leader]
        if standbys and leader and self.chance.random() < 0.1:
            return self.chance.choice(standbys)
        return self.chance.choice(workers) if workers else None

    def strike(self, kind: str) -> bool:
        """False: no member qualifies at the moment."""
        member = self.victim(kind)
        if member is None:
            return False
        if kind.endswith("kills"):
            pid = member.run.process.pid
            moment = flights_cluster.Moment()
            if not member.kill():
                return False
            self.agenda = [entry for entry in self.agenda if entry[1] is not member]
            self.agenda.append(
                (
                    time.monotonic()
                    + self.chance.choice(
                        [self.chance.uniform(0, 0.3), self.chance.uniform(0, 2.5)]
                    ),
                    member,
                    "start",
                )
            )
            self.note(
                f"{member.name} (pid {pid}) is killed"
                + (", which leads" if kind == "leader kills" else "")
            )
        else:
            moment = flights_cluster.Moment()
            member.pause()
            self.agenda.append(
                (time.monotonic() + self.chance.uniform(*PAUSE_SECONDS), member, "resume")
            )
            self.note(
                f"{member.name} (pid {member.run.process.pid}) is paused"
                + (", which leads" if kind == "leader pauses" else "")
            )
        self.done[kind] += 1
        self.history.append(
            [
                kind
                if member.role != "coordinator" or kind.startswith("leader")
                else "standby kills",
                moment,
                False,
            ]
        )
        return True

    def trouble(self, results: flights_cluster.Results) -> None:
        if not self.wait(
            self.chance.uniform(0, 1.5) if self.chance.random() < 0.2 else RESULT_SECONDS,
            lambda: bool(results.seen),
        ):
            return
        for _ in range(EVENTS_A_ROUND):
            kind = self.choose()
            if kind is None:
                return
            if not self.wait(RESULT_SECONDS, lambda: self.victim(kind) is not None):
                return
            if not self.strike(kind):
                continue
            moment = self.history[-1][1]
            if self.chance.random() < OVERLAPPING:
                if not self.wait(self.chance.uniform(0, 1.5)):
                    return
            elif not self.wait(RESULT_SECONDS, lambda: results.after(moment) is not None):
                return
            elif results.after(moment) is None:
                raise Failure(f"no result became visible within {RESULT_SECONDS} s")
            if results.after(moment) is None:
                self.history[-1][2] = True
            if not self.wait(self.chance.uniform(0, 0.8)):
                return

    def run(self) -> str:
        """Returns "" or a description of the failure. No process is left afterwards."""
        self.cluster.start()
        try:
            with flights_cluster.Results(self.place) as results:
                try:
                    self.trouble(results)
                    while self.agenda:
                        self.wait(0.1)
                    self.finish(results)
                finally:
                    self.times = [
                        (
                            kind,
                            overlapped,
                            results.after(moment) and results.after(moment) - moment.monotonic,
                        )
                        for kind, moment, overlapped in self.history
                    ]
        except Failure as failure:
            return str(failure)
        finally:
            self.cluster.kill_all()
        found = flights_job.committed_lines(self.place, "out")
        difference = flights_job.first_difference(
            flights_reference.expected_lines(self.source), found
        )
        if difference:
            return difference
        return flights_job.orphans(self.place, "out", self.struck_at_ms)

    def finish(self, results: flights_cluster.Results) -> None:
        self.note("nothing more is done to it")
        deadline = time.monotonic() + ROWS / RATE * 2 + RESULT_SECONDS
        while self.tend():
            if time.monotonic() > deadline:
                raise Failure("the job did not end")
            time.sleep(0.05)
        late = self.cluster.wait_for_end(45)
        self.note(
            "every process has ended" if not late else f"still running: {[m.name for m in late]}"
        )
        if late:
            raise Failure(f"the job ended, and {', '.join(m.name for m in late)} did not")
        for member in self.cluster.members:
            code = member.run.process.returncode
            if code == 1 and any(
                "no coordinator took this worker" in line for line in member.run.lines[-3:]
            ):
                self.strangers += 1  # it was restarted after all others had gone
            elif code not in (0, -9):
                raise Failure(
                    f"{member.name} (pid {member.run.process.pid}) ended with exit code {code}"
                )


def describe(times: list[tuple[str, bool, float | None]]) -> list[str]:
    """Median and maximum time until the next result."""
    lines = []
    for kind in ["leader kills", "other kills", "standby kills", "leader pauses", "worker pauses"]:
        alone = [
            seconds
            for k, overlapped, seconds in times
            if k == kind and not overlapped and seconds is not None
        ]
        every = [seconds for k, _, seconds in times if k == kind and seconds is not None]
        if every:
            lines.append(
                f"{kind}: "
                + (
                    f"next result after {statistics.median(alone):.2f} s (median), {max(alone):.2f} s (worst of {len(alone)}), "
                    if alone
                    else ""
                )
                + f"{max(every):.2f} s (worst of all {len(every)}, struck again meanwhile)"
            )
    return lines


def servers(stack: contextlib.ExitStack) -> None:
    for name, tool in [("WEIR_TEST_HDFS", "hdfs.py"), ("WEIR_TEST_ZOOKEEPER", "zookeeper.py")]:
        if not os.environ.get(name):
            os.environ.update(stack.enter_context(flights_cluster.RealSystem(tool)).env)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--kills", type=int, default=64, help="in all")
    parser.add_argument("--leader-kills", type=int, default=24, help="of them")
    parser.add_argument("--pauses", type=int, default=22)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    binary = os.path.join(os.path.abspath(arguments.build), "bin", "flights")
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    wanted = {
        "leader kills": arguments.leader_kills,
        "other kills": arguments.kills - arguments.leader_kills,
        "leader pauses": arguments.pauses // 2,
        "worker pauses": arguments.pauses - arguments.pauses // 2,
    }
    show = (
        (
            lambda member, line: print(
                f"{time.strftime('%H:%M:%S')} {member.name} | {line}", flush=True
            )
        )
        if arguments.verbose
        else None
    )
    flights = flights_data.flights_directory()
    scratch = tempfile.mkdtemp(prefix="weir-cluster-kill-")
    began = time.monotonic()
    passed = failed = strangers = 0
    done = dict.fromkeys(wanted, 0)
    times = []
    with contextlib.ExitStack() as stack:
        servers(stack)
        while any(wanted.values()) and failed < 2:
            number = passed + failed
            seed = chance.randrange(1 << 31)
            source = os.path.join(scratch, f"flights-{number}")
            flights_data.write_slice(
                flights, source, ROWS, start=random.Random(seed).randrange(YEAR)
            )
            name = f"/weir-cluster-kill-{os.getpid()}-{number}"
            one = Round(
                binary,
                source,
                flights_job.hdfs_place(os.environ, name),
                os.environ["WEIR_TEST_ZOOKEEPER"],
                name,
                random.Random(seed),
                wanted,
                show,
            )
            problem = one.run()
            times += one.times
            strangers += one.strangers
            for kind, count in one.done.items():
                done[kind] += count
                wanted[kind] = max(0, wanted[kind] - count)
            print(
                f"cluster {number} ({one.setup}): {one.done}, {time.monotonic() - one.began:.0f} s, {'FAILED' if problem else 'ok'}",
                flush=True,
            )
            if problem:
                failed += 1
                log = os.path.join(scratch, f"{number}.log")
                with open(log, "w") as file:
                    file.write("\n".join(one.events) + "\n" + one.cluster.log() + "\n")
                print(
                    f"FAILED cluster {number} (seed {arguments.seed}), logs in {log}: {problem}\n    "
                    + "\n    ".join(one.events),
                    flush=True,
                )
                print("\n".join(m.log()[-2500:] for m in one.cluster.members), flush=True)
            else:
                passed += 1
                shutil.rmtree(source)
    if failed == 0:
        shutil.rmtree(scratch)
    kills, pauses = (
        done["leader kills"] + done["other kills"],
        done["leader pauses"] + done["worker pauses"],
    )
    print(
        f"summary: {kills} kills ({done['leader kills']} of the leader), {pauses} pauses ({done['leader pauses']} of the leader), "
        f"{passed + failed} clusters, session {SESSION_MS} ms, heartbeat {HEARTBEAT_MS} ms, seed {arguments.seed}, {time.monotonic() - began:.0f} s"
        + (f", {strangers} workers came after the end" if strangers else "")
    )
    for line in describe(times):
        print("summary: " + line)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
