"""Runs examples/flights_kafka.cc on a cluster of processes, between independent clients of Kafka
(kcat), and kills the processes and the broker. For the demo.
"""

from __future__ import annotations

import argparse
import collections
import csv
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import flights_cluster
import flights_job

PARTITIONS = 4
END = "2014-03-01T00:00:00Z"  # moves event time past all flights


class Failure(Exception):
    pass


class Replay(threading.Thread):
    """Writes all flights to the topic, at a rate, and then a row to each partition that moves
    event time past them.
    """

    def __init__(self, servers: str, topic: str, folder: str, rate: float) -> None:
        super().__init__(daemon=True)
        self.servers, self.topic, self.folder, self.rate = servers, topic, folder, rate
        self.written = 0
        self.problem: Exception | None = None
        self.flowing = threading.Event()  # cleared: wait
        self.flowing.set()

    def run(self) -> None:
        try:
            self.write_flights()
            for partition in range(PARTITIONS):
                end = self.kcat("-p", str(partition))
                end.communicate(f"END,{END},NA\n", timeout=120)
        except (OSError, subprocess.SubprocessError) as error:
            self.problem = error

    def kcat(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["kcat", "-E", "-b", self.servers, "-P", "-t", self.topic, *options]
            + ["-X", "enable.idempotence=true", "-X", "message.timeout.ms=300000"],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def write_flights(self) -> None:
        kcat = self.kcat("-K", "\t")
        assert kcat.stdin
        due = time.monotonic()
        for name in sorted(os.listdir(self.folder)):
            with open(os.path.join(self.folder, name), newline="") as file:
                for row in csv.DictReader(file):
                    carrier = row["carrier"]
                    kcat.stdin.write(
                        f"{carrier}\t{carrier},{row['time_hour']},{row['dep_delay']}\n"
                    )
                    self.written += 1
                    if self.written % 500 == 0:
                        kcat.stdin.flush()
                        self.flowing.wait()
                        due = max(due, time.monotonic() - 1) + 500 / self.rate
                        time.sleep(max(0, due - time.monotonic()))
        kcat.stdin.close()
        if kcat.wait(300) != 0:
            raise OSError("kcat could not write all flights")


class Watch(threading.Thread):
    """Follows the committed results, and remembers when the last one came."""

    def __init__(self, servers: str, topic: str) -> None:
        super().__init__(daemon=True)
        self.changed = threading.Condition()
        self.count = 0
        self.last = 0.0
        self.kcat = subprocess.Popen(
            ["kcat", "-E", "-b", servers, "-C", "-t", topic, "-o", "beginning", "-q", "-u"]
            + ["-X", "isolation.level=read_committed", "-X", "reconnect.backoff.max.ms=500"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self) -> None:
        assert self.kcat.stdout
        for _ in self.kcat.stdout:
            with self.changed:
                self.count += 1
                self.last = time.monotonic()
                self.changed.notify_all()

    def wait_for(
        self, condition: Callable[[], bool], seconds: float, is_over: Callable[[], bool]
    ) -> bool:
        deadline = time.monotonic() + seconds
        with self.changed:
            while not condition():
                if time.monotonic() > deadline or is_over():
                    return False
                self.changed.wait(0.1)
        return True

    def end(self) -> None:
        self.kcat.kill()
        self.kcat.wait()
        self.join(10)


class Job:
    def __init__(
        self,
        arguments: argparse.Namespace,
        flights: Any,
        place: flights_job.Place,
        kafka: flights_cluster.RealSystem,
        *,
        say: Callable[[str], None],
        show: Callable[[flights_cluster.Member, str], None],
    ) -> None:
        self.arguments, self.flights, self.kafka, self.say = arguments, flights, kafka, say
        self.servers = kafka.env["WEIR_TEST_KAFKA"]
        for topic in ("flights", "delays"):
            kafka.do("topic", topic, "--partitions", str(PARTITIONS))
        self.cluster = flights_cluster.Cluster(
            flights.binary,
            ["--servers", self.servers, "--in", "flights", "--out", "delays"],
            place,
            zookeeper=os.environ["WEIR_TEST_ZOOKEEPER"],
            root="/weir-demo-kafka",
            coordinators=2,
            workers=2,
            slots=1,
            parallelism=2,
            interval="500 ms",
            slot_wait="1 s",
            show=show,
            settings={"execution.checkpointing.tolerable-failed-checkpoints": 100},
        )
        self.replay = Replay(self.servers, "flights", flights.source, flights.rate)
        self.watch = Watch(self.servers, "delays")

    def all_gone(self) -> bool:
        return not any(member.lives() for member in self.cluster.members)

    def run(self) -> dict[str, object]:
        """Figures for the last line of the demo."""
        expected = self.flights.expected
        self.say(
            f"{self.flights.records} flights at {self.flights.rate} a second into a topic of "
            f"Kafka, checkpoints each half second; 2 coordinators, 2 workers, 1 broker; "
            f"seed {self.arguments.seed}"
        )
        self.cluster.start()
        self.watch.start()
        self.replay.start()
        if not self.watch.wait_for(lambda: self.watch.count > 0, 60, self.all_gone):
            raise Failure("no result was visible within 60 s")
        times = self.strike_all()
        if not self.watch.wait_for(self.complete, 120, self.all_gone):
            raise Failure(
                f"{self.watch.count} of {len(expected)} results were visible after 120 s; "
                f"{self.replay.written} flights were written ({self.replay.problem})"
            )
        time.sleep(2)  # some checkpoints more, in case one brings results again
        found = self.committed()
        difference = flights_job.first_difference(expected, found)
        if difference:
            raise Failure(f"the topic differs from the reference: {difference}")
        self.say(
            "time until the next result: "
            + "; ".join(
                f"{kind} killed: {', '.join(f'{t:.2f} s' for t in of_kind)}"
                for kind, of_kind in times.items()
            )
        )
        return {
            "records": self.replay.written,
            "results": len(found),
            **{f"{kind}-kills": len(of_kind) for kind, of_kind in times.items()},
            "digest": flights_job.digest(found),
            "reference": flights_job.digest(expected),
            "not-committed": len(self.read("read_uncommitted")) - len(found),
        }

    def complete(self) -> bool:
        """True when all results are visible."""
        return self.watch.count >= len(self.flights.expected)

    def strike_all(self) -> dict[str, list[float]]:
        victims = ["worker", "coordinator", "broker"] * self.arguments.kills
        random.shuffle(victims)
        times = collections.defaultdict(list)
        for kind in victims:
            time.sleep(random.uniform(0.2, 0.6 * self.arguments.seconds / len(victims)))
            moment = time.monotonic()
            if kind == "broker":
                self.say("--- kill -9 of the broker ---")
                self.kafka.do("kill")
                # The flights must outlast all kills.
                self.replay.flowing.clear()
                time.sleep(random.uniform(0, 1))
                self.kafka.do("revive")
                self.replay.flowing.set()
                self.say(f"--- the broker is back after {time.monotonic() - moment:.1f} s ---")
            else:
                self.strike_process(kind)
            # Until then, the consumer may get what was committed before the kill.
            restarted = time.monotonic()
            if not self.watch.wait_for(
                lambda: self.watch.last > restarted or self.complete(), 90, self.all_gone
            ):
                raise Failure(f"no result was visible within 90 s after the kill of a {kind}")
            times[kind].append(self.watch.last - moment)
            self.say(f"--- the next result was visible {times[kind][-1]:.2f} s after the kill ---")
        return times

    def strike_process(self, kind: str) -> None:
        member = None
        for _ in range(200):
            member = (
                random.choice(self.cluster.of_role("worker"))
                if kind == "worker"
                else self.cluster.leader()
            )
            if member is not None and member.lives():
                break
            time.sleep(0.05)
        if member is None or not member.lives():
            raise Failure(f"no {kind} runs")
        self.say(f"--- kill -9 of {member.name} (pid {member.run.process.pid}) ---")
        if not member.kill():
            raise Failure(f"{member.name} had ended by itself:\n{member.run.tail()}")
        time.sleep(random.uniform(0, 1))
        member.start()

    def read(self, isolation: str) -> list[str]:
        done = subprocess.run(
            ["kcat", "-b", self.servers, "-C", "-t", "delays", "-o", "beginning", "-e", "-q"]
            + ["-X", f"isolation.level={isolation}"],
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != 0:
            raise Failure(f"the independent consumer failed: {done.stderr}")
        return done.stdout.splitlines()

    def committed(self) -> list[str]:
        return sorted(self.read("read_committed"))

    def end(self) -> None:
        self.cluster.kill_all()
        self.watch.end()
