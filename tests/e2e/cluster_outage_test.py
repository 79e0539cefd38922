#!/usr/bin/env python3
"""Runs the flights job as a cluster of two coordinators and two workers, whose HDFS and ZooKeeper
fail meanwhile: servers are killed, paused and restarted. No process of the cluster may end
because of that. When the servers are back results must continue. Then a second cluster goes on
without a limit of the rate, and its final results must equal those of an independent computation.

Starts its own HDFS and ensemble of three ZooKeepers, because it breaks them.

Usage: cluster_outage_test.py --build DIR [--case NAME]… [--verbose]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import flights_cluster
import flights_data
import flights_job
import flights_reference

# Records a second. The job takes longer than an outage and all waiting for results, however slow
# the machine is, so it cannot end before the last result was seen.
RATE = 1000
SESSION_MS = 4000
RESULT_SECONDS = 60
END_SECONDS = 120


class Failure(Exception):
    pass


class Outage:
    """A running cluster and its servers."""

    def __init__(
        self,
        build: str,
        source: str,
        hdfs: flights_cluster.RealSystem,
        zookeeper: flights_cluster.RealSystem,
        name: str,
        show: Callable[[flights_cluster.Member, str], None] | None,
    ) -> None:
        self.source, self.hdfs, self.zookeeper = source, hdfs, zookeeper
        self.build, self.name, self.show = build, name, show
        self.place = flights_job.hdfs_place(os.environ, f"/weir-outage-{name}")
        self.cluster = self.make_cluster(RATE)
        self.epochs = 0

    def make_cluster(self, rate: float) -> flights_cluster.Cluster:
        return flights_cluster.Cluster(
            os.path.join(self.build, "bin", "flights"),
            self.source,
            self.place,
            zookeeper=self.zookeeper.env["WEIR_TEST_ZOOKEEPER"],
            root=f"/weir-outage-{self.name}",
            workers=2,
            parallelism=2,
            rate=rate,
            session_ms=SESSION_MS,
            show=self.show,
        )

    def run(self, trouble: Callable[[Outage], None]) -> None:
        self.cluster.start()
        try:
            with flights_cluster.Results(self.place) as results:
                self.results = results
                self.delivers(flights_cluster.Moment())
                self.epochs = self.cluster.epoch()
                trouble(self)
                self.delivers(flights_cluster.Moment())
                self.check_all_live()
        finally:
            self.cluster.kill_all()
        self.finish()

    def finish(self) -> None:
        self.cluster = self.make_cluster(rate=0)
        self.cluster.start()
        try:
            if late := self.cluster.wait_for_end(END_SECONDS):
                raise Failure(f"still running: {[member.name for member in late]}")
            for member in self.cluster.members:
                if member.run.process.returncode != 0:
                    raise Failure(
                        f"{member.name} ended with exit code {member.run.process.returncode}"
                    )
        finally:
            self.cluster.kill_all()
        difference = flights_job.first_difference(
            flights_reference.expected_lines(self.source),
            flights_job.committed_lines(self.place, "out"),
        )
        if difference:
            raise Failure(difference)
        if rest := flights_job.orphans(self.place, "out"):
            raise Failure(rest)

    def delivers(self, moment: flights_cluster.Moment) -> None:
        """Waits for a result after the moment."""
        ended = lambda: not any(member.lives() for member in self.cluster.members)
        if not self.results.wait_after(moment, RESULT_SECONDS, ended):
            raise Failure(f"no result became visible within {RESULT_SECONDS} s")

    def check_all_live(self) -> None:
        for member in self.cluster.members:
            if not member.lives():
                raise Failure(
                    f"{member.name} ended with exit code {member.run.process.returncode} while servers were away"
                )

    def rest(self, seconds: float) -> None:
        """Waits while a server is away. All processes of the cluster must survive it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check_all_live()
            time.sleep(0.05)

    def zookeeper_leader(self) -> str:
        """The number of the ensemble's leading server."""
        for number, address in enumerate(self.zookeeper.env["WEIR_TEST_ZOOKEEPER"].split(","), 1):
            host, port = address.split(":")
            with socket.create_connection((host, int(port)), timeout=5) as connection:
                connection.sendall(b"srvr")
                if re.search(rb"^Mode: leader", connection.makefile("rb").read(), re.M):
                    return str(number)
        raise Failure("no server leads the ensemble")


@contextlib.contextmanager
def without(
    system: flights_cluster.RealSystem, *servers: str, how: tuple[str, str] = ("kill", "revive")
) -> Iterator[None]:
    for server in servers:
        system.do(how[0], server)
    try:
        yield
    finally:
        for server in servers:
            system.do(how[1], server)


# --- cases


def zookeeper_loses_its_leader(outage: Outage) -> None:
    """The ensemble elects another leader. Sessions outlive that, so no coordinator is deposed."""
    with without(outage.zookeeper, outage.zookeeper_leader()):
        outage.delivers(flights_cluster.Moment())
    if outage.cluster.epoch() != outage.epochs:
        raise Failure(f"from epoch {outage.epochs} it came to {outage.cluster.epoch()}")


def zookeeper_loses_its_majority(outage: Outage) -> None:
    """Without a majority, no coordinator may lead once its session could have expired."""
    with without(outage.zookeeper, "2", "3"):
        outage.rest(1.5 * SESSION_MS / 1000)
        if leader := outage.cluster.leader():
            raise Failure(
                f"{leader.name} still leads, {1.5 * SESSION_MS / 1000} s after the ensemble lost its majority"
            )


def namenode_is_killed(outage: Outage) -> None:
    with without(outage.hdfs, "nn1"):
        outage.rest(3)


def namenode_stands_still(outage: Outage) -> None:
    with without(outage.hdfs, "nn1", how=("pause", "resume")):
        outage.rest(8)


def datanode_is_killed(outage: Outage) -> None:
    with without(outage.hdfs, "dn"):
        outage.rest(3)


CASES = [
    zookeeper_loses_its_leader,
    zookeeper_loses_its_majority,
    namenode_is_killed,
    namenode_stands_still,
    datanode_is_killed,
]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--case", action="append")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    source = flights_data.flights_directory()
    show = (
        (lambda member, line: print(f"{member.name} | {line}", flush=True))
        if arguments.verbose
        else None
    )
    passed = failed = 0
    started = time.monotonic()
    with (
        flights_cluster.RealSystem("hdfs.py") as hdfs,
        flights_cluster.RealSystem("zookeeper.py", "--servers", "3") as zookeeper,
    ):
        os.environ.update(hdfs.env)
        for case in CASES:
            if arguments.case and case.__name__ not in arguments.case:
                continue
            began = time.monotonic()
            outage = Outage(
                os.path.abspath(arguments.build), source, hdfs, zookeeper, case.__name__, show
            )
            try:
                outage.run(case)
                passed += 1
                print(f"PASS {case.__name__}, {time.monotonic() - began:.1f} s", flush=True)
            except Exception as error:
                failed += 1
                why = error if isinstance(error, Failure) else traceback.format_exc()
                print(
                    f"{outage.cluster.log()}\nFAIL {case.__name__}, {time.monotonic() - began:.1f} s: {why}",
                    flush=True,
                )
    print(f"summary: {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
