#!/usr/bin/env python3
"""A year of flights through weir, with three kill -9, and nothing lost or counted twice.

Runs examples/flights over the 336,776 flights that left New York in 2013, paced to about twenty
seconds, with a checkpoint each second; kills it with SIGKILL at three random moments and restarts
it from the newest checkpoint; compares its committed results with an independent computation in
Python. On success the last line is OK. Otherwise it names the error, and the exit code is not zero.

With --cluster: on three workers and two coordinators, each a separate process, over a real HDFS
with a real ZooKeeper. Kills workers and the leading coordinator at random moments, restarts them,
and prints for each kill the time until the next result was visible.

With --kafka: from a topic of a real Kafka to another one, on two workers and two coordinators.
Kills workers, the leading coordinator and the broker. An independent producer writes the flights,
and an independent consumer, which reads only what is committed, checks the results.

With --flink: inside a real Apache Flink, with checkpoints and results on a real HDFS. Kills a
TaskManager, and a process that runs a chain.

Usage: demo.py --build DIR [--hdfs | --cluster | --kafka | --flink] [--seed N] [--seconds N] [--kills N]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import flights_cluster
import flights_data
import flights_job
import flights_kafka
import flights_reference
import flink_cluster

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLUSTER_SECONDS = 30


def say(text: str) -> None:
    print(text, flush=True)


def fail(text: str) -> NoReturn:
    say(f"demo: FAILED {text}")
    sys.exit(1)


@contextlib.contextmanager
def server(tool: str, text: str) -> Iterator[None]:
    """Runs a server of tools/real inside the `with`, and adds its settings to this process's
    environment.
    """
    say(f"starting {text}")
    try:
        system = flights_cluster.RealSystem(tool)
        system.__enter__()
    except (subprocess.SubprocessError, OSError) as error:
        fail(f"{text} did not start: {error}")
    try:
        os.environ.update(system.env)
        yield
    finally:
        system.__exit__()


def shown(command: list[str]) -> str:
    return "$ " + " ".join(f'"{word}"' if " " in word else word for word in command)


class Flights:
    """The common setup of every run, and the check of its results."""

    def __init__(self, arguments: argparse.Namespace, program: str = "flights") -> None:
        self.binary = os.path.join(arguments.build, "bin", program)
        if not os.access(self.binary, os.X_OK):
            fail(
                f"{self.binary} is not there; build it with `ninja -C {arguments.build} {program}`"
            )
        self.source = flights_data.flights_directory()
        self.expected = flights_reference.expected_lines(self.source)
        self.records = flights_data.count_rows(self.source)
        self.rate = round(self.records / arguments.seconds)
        random.seed(arguments.seed)

    def finish(self, place: flights_job.Place, **figures: object) -> None:
        """Prints OK if the committed results are as expected."""
        found = flights_job.committed_lines(place, "out")
        difference = flights_job.first_difference(self.expected, found)
        if difference:
            fail(f"the output differs from the reference: {difference}")
        rest = flights_job.orphans(place, "out")
        if rest:
            fail(rest)
        words = {
            "records": self.records,
            **figures,
            "digest": flights_job.digest(found),
            "reference": flights_job.digest(self.expected),
            "output": place.uri("out"),
        }
        say("demo: OK " + " ".join(f"{name}={value}" for name, value in words.items()))


def next_result(
    results: flights_cluster.Results,
    moment: flights_cluster.Moment,
    why: Callable[[], str] = lambda: "",
    is_over: Callable[[], bool] = lambda: False,
) -> float:
    """Waits for the first result after a kill, and returns the seconds until then."""
    if not results.wait_after(moment, 60, is_over):
        fail(f"no result was visible within 60 s after the kill\n{why()}")
    seen = results.after(moment)
    assert seen is not None
    return seen - moment.monotonic


def run(arguments: argparse.Namespace, place: flights_job.Place) -> None:
    flights = Flights(arguments)
    command = flights_job.flights_command(
        flights.binary, flights.source, place, parallelism=2, rate=flights.rate
    )
    say(
        f"{flights.records} flights at {flights.rate} a second, checkpoints each second; seed {arguments.seed}"
    )
    say(shown(command))
    checkpoints = 0
    # Each life is long enough for a checkpoint; all together are shorter than the job.
    longest = min(5, 0.7 * arguments.seconds / max(1, arguments.kills))
    for life in range(arguments.kills + 1):
        process = flights_job.Run(command, show=say)
        if life < arguments.kills:
            if not process.wait_for_line("RUNNING", 60):
                process.kill_after(0)
                fail(f"the job did not begin to run:\n{process.tail()}")
            process.began = time.monotonic()
            if not process.kill_after(random.uniform(min(1.2, longest), longest)):
                fail(f"the job ended by itself before kill {life + 1}:\n{process.tail()}")
            say(
                f"--- kill -9 number {life + 1}; {len(flights_job.committed_lines(place, 'out'))} lines are committed ---"
            )
        else:
            code = process.wait(arguments.seconds * 3 + 60)
            if code != 0:
                fail(
                    "the job "
                    + ("did not end in time" if code is None else f"ended with exit code {code}")
                )
        checkpoints = max(checkpoints, process.last_checkpoint())
    flights.finish(
        place,
        kills=arguments.kills,
        checkpoints=checkpoints,
        **{"checkpoints-at": place.uri("checkpoints")},
    )


def show_member(member: flights_cluster.Member, line: str) -> None:
    """Shows the relevant lines of a cluster, each with its process."""
    if (
        not line.strip()
        or line.startswith("  matched")
        or (line.startswith("FINISHED") and "records 0 " in line)
    ):
        return
    say(f"[{member.name}] {line}")


def kill(
    cluster: flights_cluster.Cluster,
    member: flights_cluster.Member,
    results: flights_cluster.Results,
) -> float:
    """Kills a process, restarts it while waiting for the next result, and returns the seconds
    until that.
    """
    say(
        f"--- kill -9 of {member.name} (pid {member.run.process.pid}{', which leads' if member.role == 'coordinator' else ''}) ---"
    )
    moment = flights_cluster.Moment()
    if not member.kill():
        fail(f"{member.name} had ended by itself:\n{member.run.tail()}")
    again = random.uniform(0, 2)
    if not results.wait_after(moment, again):
        time.sleep(max(0, moment.monotonic + again - time.monotonic()))
    member.start()
    seconds = next_result(
        results, moment, cluster.log, is_over=lambda: not any(m.lives() for m in cluster.members)
    )
    say(f"--- the next result was visible {seconds:.2f} s after the kill of {member.name} ---")
    return seconds


def run_cluster(arguments: argparse.Namespace, place: flights_job.Place) -> None:
    flights = Flights(arguments)
    cluster = flights_cluster.Cluster(
        flights.binary,
        flights.source,
        place,
        zookeeper=os.environ["WEIR_TEST_ZOOKEEPER"],
        root="/weir-demo",
        coordinators=2,
        workers=3,
        slots=1,
        parallelism=3,
        rate=flights.rate,
        interval="500 ms",
        slot_wait="1 s",
        show=show_member,
    )
    say(
        f"{flights.records} flights at {flights.rate} a second, checkpoints each half second; 2 coordinators, 3 workers; seed {arguments.seed}"
    )
    for role in ("coordinator", "worker"):
        say(shown(cluster.command(role)))
    victims = ["worker", "coordinator"] * arguments.kills
    random.shuffle(victims)
    times: dict[str, list[float]] = {"worker": [], "coordinator": []}
    cluster.start()
    try:
        with flights_cluster.Results(place) as results:
            deadline = time.monotonic() + 60
            while not results.seen and time.monotonic() < deadline:
                time.sleep(0.05)
            for role in victims:
                time.sleep(random.uniform(0.2, 0.6 * arguments.seconds / len(victims)))
                member = (
                    random.choice(cluster.of_role("worker"))
                    if role == "worker"
                    else cluster.leader()
                )
                if member is None or not member.lives():
                    fail(f"the job ended by itself before all kills\n{cluster.log()}")
                times[role].append(kill(cluster, member, results))
            late = cluster.wait_for_end(arguments.seconds * 3 + 60)
            if late:
                fail(f"{', '.join(m.name for m in late)} did not end in time:\n{cluster.log()}")
    finally:
        cluster.kill_all()
    wrong = [
        f"{m.name}: {m.run.process.returncode}"
        for m in cluster.members
        if m.run.process.returncode != 0
    ]
    if wrong:
        fail(f"not every process ended with exit code 0: {', '.join(wrong)}\n{cluster.log()}")
    say(
        "time until the next result: "
        + "; ".join(
            f"{role} killed: {', '.join(f'{t:.2f} s' for t in times[role])}" for role in times
        )
    )
    flights.finish(
        place,
        kills=len(victims),
        **{"leader-kills": len(times["coordinator"])},
        epochs=cluster.epoch(),
    )


def show_vertices(flink: flink_cluster.FlinkCluster, job: str) -> None:
    say(
        "    "
        + "; ".join(
            f"{v['name']}: {v['status']}, {v['metrics']['read-records']} records in, {v['metrics']['write-records']} out"
            for v in flink.vertices(job)
        )
        + f"; {flink.completed(job)} checkpoints"
    )


def strike(
    flink: flink_cluster.FlinkCluster, job: str, results: flights_cluster.Results, victim: str
) -> float:
    """Kills `victim`, waits for the next result, and returns the seconds until that."""
    failures = len(flink.exceptions(job))
    moment = flights_cluster.Moment()
    if victim == "TaskManager":
        number = min(flink.placed_on(job))
        say(f"--- kill -9 of TaskManager {number}, in which the job runs ---")
        flink.kill(number)
    else:
        pid = random.choice(flink.chains())
        say(f"--- kill -9 of the process {pid}, which runs a chain ---")
        os.kill(pid, signal.SIGKILL)
    flink.wait("Flink's word of it", lambda: len(flink.exceptions(job)) > failures, 60, job)
    say("    Flink says: " + flink.exceptions(job)[0].splitlines()[0][:200])
    if victim == "TaskManager":
        flink.revive(number)
    seconds = next_result(results, moment)
    say(f"--- the next result was visible {seconds:.1f} s after the kill ---")
    return seconds


def run_flink(arguments: argparse.Namespace, place: flights_job.Place) -> None:
    flights = Flights(arguments)
    say("starting a Flink (JobManager and two TaskManagers)")
    with flink_cluster.FlinkCluster(taskmanagers=2) as flink:
        version = flink.env["WEIR_TEST_FLINK_VERSION"]
        command = flights_job.flights_command(
            flights.binary,
            flights.source,
            place,
            parallelism=2,
            rate=flights.rate,
            extra=["--target", "flink", "--rest", flink.url, "--detached"],
        )
        say(
            f"{flights.records} flights in Flink {version}, checkpoints each second; seed {arguments.seed}"
        )
        say(shown(command))
        job = flink_cluster.submit(command)
        say(f"dashboard: {flink.url}/#/job/running/{job}/overview")
        flink.wait_running(job)
        victims = ["TaskManager", "chain"] * arguments.kills
        with flights_cluster.Results(place) as results:
            flink.wait("the first result", lambda: results.seen, 60, job)
            for victim in victims:
                time.sleep(random.uniform(1, 3))
                show_vertices(flink, job)
                strike(flink, job, results, victim)
            deadline = time.monotonic() + arguments.seconds * 3 + 60
            while flink.state(job) not in flink_cluster.ENDED and time.monotonic() < deadline:
                show_vertices(flink, job)
                time.sleep(3)
        flink.wait_end(job, "FINISHED", 10)
        show_vertices(flink, job)
    flights.finish(place, flink=version, kills=len(victims))


def run_kafka(arguments: argparse.Namespace, place: flights_job.Place) -> None:
    flights = Flights(arguments, "flights_kafka")
    say("starting a Kafka")
    with flights_cluster.RealSystem("kafka.py") as kafka:
        job = flights_kafka.Job(arguments, flights, place, kafka, say=say, show=show_member)
        try:
            figures = job.run()
        except flights_kafka.Failure as failure:
            fail(f"{failure}\n{job.cluster.log()}")
        finally:
            job.end()
    say("demo: OK " + " ".join(f"{name}={value}" for name, value in figures.items()))


def fresh_folder(build: str) -> str:
    home = os.path.join(build, "demo")
    shutil.rmtree(home, ignore_errors=True)
    os.makedirs(home)
    return home


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="the build directory")
    parser.add_argument(
        "--hdfs",
        action="store_true",
        default=os.environ.get("HDFS") == "1",
        help="checkpoints and output on a real HDFS",
    )
    parser.add_argument(
        "--cluster",
        action="store_true",
        default=os.environ.get("CLUSTER") == "1",
        help="several processes, over a real HDFS with a real ZooKeeper",
    )
    parser.add_argument(
        "--kafka",
        action="store_true",
        default=os.environ.get("KAFKA") == "1",
        help="from topic to topic of a real Kafka, on several processes",
    )
    parser.add_argument(
        "--flink",
        action="store_true",
        default=os.environ.get("FLINK") == "1",
        help="inside a real Flink, over a real HDFS",
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument(
        "--seconds",
        type=float,
        help="how long the job would take without kills (20; --cluster, --kafka, --flink: 30)",
    )
    parser.add_argument(
        "--kills",
        type=int,
        help="3; --cluster: 2 of workers, and as many of the leader; --kafka: also of the broker; --flink: 1 of a TaskManager and 1 of a chain",
    )
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    # So that all started processes are ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments.seconds = arguments.seconds or (
        CLUSTER_SECONDS if arguments.cluster or arguments.kafka or arguments.flink else 20
    )
    if arguments.kills is None:
        several = arguments.cluster or arguments.kafka
        arguments.kills = 1 if arguments.flink else 2 if several else 3
    if arguments.flink:
        with server("hdfs.py", "an HDFS (NameNode and DataNode)"):
            try:
                run_flink(arguments, flights_job.hdfs_place(os.environ, "/weir-demo"))
            except (flink_cluster.Failure, subprocess.SubprocessError) as failure:
                fail(str(failure))
    elif arguments.kafka:
        home = fresh_folder(arguments.build)
        with server("zookeeper.py", "a ZooKeeper"):
            run_kafka(arguments, flights_job.LocalPlace(home))
    elif arguments.cluster:
        with (
            server("hdfs.py", "an HDFS (NameNode and DataNode)"),
            server("zookeeper.py", "a ZooKeeper"),
        ):
            run_cluster(arguments, flights_job.hdfs_place(os.environ, "/weir-demo"))
    elif arguments.hdfs:
        with server("hdfs.py", "an HDFS (NameNode and DataNode)"):
            run(arguments, flights_job.hdfs_place(os.environ, "/weir-demo"))
    else:
        run(arguments, flights_job.LocalPlace(fresh_folder(arguments.build)))


if __name__ == "__main__":
    main()
