#!/usr/bin/env python3
"""weir jobs inside a real Flink, 1.20 and 2.x, with checkpoints and results on a real HDFS. After
every fault, the committed results must equal those of an independent computation. With one of
two deliberate bugs switched on they must differ, otherwise the cases would prove nothing.

WEIR_TEST_HDFS names an HDFS (tools/real/hdfs.py); otherwise one is started. The Flink clusters are
started here, one at a time.

Usage: flink_host_test.py --build DIR [--version V]… [--case NAME]… [--keep]
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import http.server
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import examples_test
import flights_cluster
import flights_data
import flights_job
import flights_reference
import flink_cluster
from flink_cluster import Failure

VERSIONS = ["1.20.5", "2.3.0"]
ROWS = 30000
RATE = 2000  # until the awaited event has happened; then the rest runs at full speed
YEAR = 336776 - ROWS
LINES = 6000
LINE_RATE = 200
EXAMPLE_RATE = 300
INTERVAL = "250 ms"
END_SECONDS = 90


def create(path: str) -> None:
    with open(path, "w"):
        pass


def check(condition: object, sentence: str) -> None:
    if not condition:
        raise Failure(sentence)


class Suite:
    """Shared by the cases of one version of Flink."""

    def __init__(
        self, build: str, flink: flink_cluster.FlinkCluster, scratch: str, version: str
    ) -> None:
        self.build, self.flink, self.scratch, self.version = build, flink, scratch, version
        self.flights = os.path.join(scratch, "flights")
        self.tmpfs: str | None = None  # the file system of io.tmp.dirs, if it is one of its own
        self.count = 0

    def program(self, name: str) -> str:
        return os.path.join(self.build, "bin", name)

    def place(self) -> flights_job.Place:
        self.count += 1
        return flights_job.hdfs_place(
            os.environ, f"/weir-flink-{os.getpid()}-{self.version}-{self.count}"
        )

    def target(self) -> list[str]:
        return ["--target", "flink", "--rest", self.flink.url, "--detached"]

    def flights_command(
        self,
        place: flights_job.Place,
        program: str = "flights",
        *,
        parallelism: int | None = 2,
        rate: float = 0,
        start: str = "none",
        extra: Iterable[str] = (),
    ) -> list[str]:
        return [
            self.program(program),
            "--input",
            self.flights,
            "--output",
            place.uri("out"),
            "--rate",
            str(rate),
            "--from",
            start,
            "-D",
            f"execution.checkpointing.interval={INTERVAL}",
            "-D",
            f"execution.checkpointing.dir={place.uri('checkpoints')}",
            *(["--parallelism", str(parallelism)] if parallelism else []),
            *extra,
        ]

    def submit(self, *arguments: Any, **options: Any) -> str:
        job = flink_cluster.submit(self.flights_command(*arguments, **options) + self.target())
        self.flink.wait_running(job)
        return job

    def checkpointed(self, job: str, count: int = 2) -> None:
        self.flink.wait(f"{count} checkpoints", lambda: self.flink.completed(job) >= count, 60, job)

    def finished(self, job: str) -> None:
        self.flink.wait_end(job, "FINISHED", END_SECONDS)

    def difference(self, place: flights_job.Place) -> str:
        """ "" if the result is as expected."""
        found = flights_job.committed_lines(place, "out")
        return flights_job.first_difference(self.expected(), found) or flights_job.orphans(
            place, "out"
        )

    def expected(self) -> list[str]:
        return flights_reference.expected_lines(self.flights)

    def check_output(self, place: flights_job.Place) -> None:
        difference = self.difference(place)
        check(not difference, difference)

    # --- faults in the job

    def unhurried(self, place: flights_job.Place, *flags: str) -> str:
        """A slow job, until it is restarted after hurry()."""
        return self.submit(
            place,
            "e2e_breaking_flights",
            rate=RATE,
            extra=["--hurry", self.scratch_file("hurry"), *flags],
        )

    def hurry(self) -> None:
        create(self.scratch_file("hurry"))

    def scratch_file(self, name: str) -> str:
        return os.path.join(self.scratch, f"{name}-{self.version}-{self.count}")

    def broken(
        self, kind: str, *flags: str, place: flights_job.Place | None = None
    ) -> tuple[str, flights_job.Place]:
        """A job in which a fault has occurred after two checkpoints; its id and place."""
        place = place or self.place()
        when = self.scratch_file("break")
        job = self.unhurried(place, "--break", kind, "--when", when, *flags)
        self.checkpointed(job)
        self.hurry()
        create(when)
        self.flink.wait("the fault", lambda: not os.path.exists(when), 30, job)
        return job, place

    def failed_with(self, job: str) -> str:
        """Flink's message about the fault."""
        return self.flink.wait("the failure", lambda: self.flink.exceptions(job), 30)[-1]

    def same_taskmanagers(self, before: dict[str, int]) -> None:
        check(
            self.flink.pids() == before
            and all(os.path.exists(f"/proc/{pid}") for pid in before.values()),
            "a TaskManager died of it",
        )


# --- cases: each gets the suite, and fails by an exception


def clean(suite: Suite) -> None:
    place = suite.place()
    job = suite.submit(place, rate=5 * RATE)
    suite.finished(job)
    suite.check_output(place)
    check(suite.flink.completed(job) >= 3, "it took no checkpoints")
    vertices = suite.flink.vertices(job)
    check(
        len(vertices) == 2 and vertices[0]["name"].startswith("Source: flights"),
        f"the vertices are {[v['name'] for v in vertices]}",
    )
    check(
        vertices[0]["metrics"]["write-records"] > 0 and vertices[1]["metrics"]["read-records"] > 0,
        f"no records were counted: {vertices}",
    )


def exception(suite: Suite) -> None:
    before = suite.flink.pids()
    job, place = suite.broken("throw", "--between")
    said = suite.failed_with(job)
    check(
        "thrown by the test" in said and "delays" in said,
        f"Flink does not say what was thrown, and where:\n{said[:2000]}",
    )
    suite.finished(job)
    suite.same_taskmanagers(before)
    suite.check_output(place)


def segmentation_fault(suite: Suite) -> None:
    before = suite.flink.pids()
    job, place = suite.broken("segv")
    said = suite.failed_with(job)
    check("SIGSEGV" in said, f"Flink does not name the signal:\n{said[:2000]}")
    check("breaking_flights(" in said, f"Flink has no back trace:\n{said[:4000]}")
    check(
        any(
            "was ended by signal 11 (SIGSEGV)" in suite.flink.log(name)
            for name in before
            if name.startswith("taskmanager")
        ),
        "what the chain wrote is not in a TaskManager's log",
    )
    suite.finished(job)
    suite.same_taskmanagers(before)
    suite.check_output(place)


def checkpoint_lost(suite: Suite) -> None:
    """A checkpoint that a chain cannot write counts as failed, which the job may tolerate;
    nothing is restarted.
    """
    place = suite.place()
    when = suite.scratch_file("break")
    job = suite.unhurried(
        place,
        "--break",
        "lose-checkpoint",
        "--when",
        when,
        "-D",
        "execution.checkpointing.tolerable-failed-checkpoints=5",
    )
    suite.checkpointed(job)
    chains = suite.flink.chains()
    create(when)
    suite.flink.wait(
        "the checkpoint's failure",
        lambda: suite.flink.checkpoints(job)["latest"]["failed"],
        30,
        job,
    )
    check(
        "lost by the test" in suite.flink.log("jobmanager"),
        "the JobManager's log does not say why the checkpoint failed",
    )
    suite.checkpointed(job, suite.flink.completed(job) + 2)
    check(
        len(chains) == 4 and suite.flink.chains() == chains and not suite.flink.exceptions(job),
        f"it was started again; processes before: {chains}",
    )
    suite.finished(
        suite.submit(
            place,
            "e2e_breaking_flights",
            start=suite.flink.stop_with_savepoint(job, place.uri("savepoints")),
        )
    )
    suite.check_output(place)


def kill_taskmanager(suite: Suite, job: str) -> None:
    failures = len(suite.flink.exceptions(job))
    victim = min(suite.flink.placed_on(job))
    suite.flink.kill(victim)
    suite.flink.wait("the failure", lambda: len(suite.flink.exceptions(job)) > failures, 40, job)
    suite.flink.revive(victim)


def taskmanager_killed(suite: Suite) -> None:
    place = suite.place()
    job = suite.unhurried(place)
    suite.checkpointed(job)
    suite.hurry()
    kill_taskmanager(suite, job)
    suite.finished(job)
    suite.check_output(place)


def jobmanager_killed(suite: Suite) -> None:
    """With high availability another JobManager continues the job from its last checkpoint."""
    with contextlib.ExitStack() as stack:
        zookeeper = (
            os.environ.get("WEIR_TEST_ZOOKEEPER")
            or stack.enter_context(flights_cluster.RealSystem("zookeeper.py")).env[
                "WEIR_TEST_ZOOKEEPER"
            ]
        )
        place = suite.place()
        settings = {
            "high-availability.type": "zookeeper",
            "high-availability.zookeeper.quorum": zookeeper,
            "high-availability.zookeeper.path.root": f"/weir-flink-{os.getpid()}",
            "high-availability.storageDir": place.uri("ha"),
            "high-availability.zookeeper.client.session-timeout": "2000",
        }
        flink = stack.enter_context(
            flink_cluster.FlinkCluster(
                suite.version, options=[o for k, v in settings.items() for o in ("-D", f"{k}={v}")]
            )
        )
        there = Suite(suite.build, flink, suite.scratch, suite.version + "-ha")
        job = there.unhurried(place)
        there.checkpointed(job)
        there.hurry()
        taken = flink.completed(job)
        flink.kill("jobmanager")
        flink.revive("jobmanager")
        flink.wait("the job in the new JobManager", lambda: job in flink.jobs(), 60)
        there.finished(job)
        restored = flink.checkpoints(job)["latest"]["restored"]
        check(
            restored and restored["id"] >= taken,
            f"after checkpoint {taken} it went on from {restored}",
        )
        there.check_output(place)


def rescaled(suite: Suite) -> None:
    place = suite.place()
    start = "none"
    for parallelism in (2, 3):
        job = suite.submit(place, parallelism=parallelism, rate=RATE // 2, start=start)
        suite.checkpointed(job)
        suite.flink.wait(
            "the metrics of the windows",
            lambda: any("numLateRecordsDropped" in name for name in suite.flink.metrics(job)),
            30,
            job,
        )
        start = suite.flink.stop_with_savepoint(job, place.uri("savepoints"))
    suite.finished(suite.submit(place, parallelism=1, start=start))
    suite.check_output(place)


def unaligned_rescaled(suite: Suite) -> None:
    """Records in flight at a checkpoint go to other subtasks after rescaling."""
    unaligned = [
        "-D",
        "execution.checkpointing.unaligned.enabled=true",
        "-D",
        "execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION",
    ]

    def in_flight(job: str) -> int:
        latest = suite.flink.checkpoints(job)["latest"]["completed"]
        return latest["persisted_data"] if latest else 0

    def canceled(place: flights_job.Place) -> str:
        # Half as fast as the source, so that records are in flight.
        job = suite.submit(
            place,
            "e2e_breaking_flights",
            rate=RATE,
            extra=[*unaligned, "--slow-us", str(round(2e6 / RATE * 2))],
        )
        suite.flink.wait("a checkpoint with records in flight", lambda: in_flight(job), 60, job)
        suite.flink.cancel(job)
        return job

    # Retries, because the last checkpoint may be a later one, taken while the windows were idle.
    for _ in range(3):
        place = suite.place()
        job = canceled(place)
        if in_flight(job):
            break
    check(in_flight(job), "the last checkpoint holds no records in flight, three times")
    start = suite.flink.newest_checkpoint(job)
    suite.finished(
        suite.submit(place, "e2e_breaking_flights", parallelism=3, start=start, extra=unaligned)
    )
    suite.check_output(place)


def there_and_back(suite: Suite) -> None:
    """One process, Flink, one process from Flink's retained checkpoint, Flink, one process from
    Flink's savepoint; each with another parallelism.
    """
    place = suite.place()
    slow = 400

    def interrupted(start: str, parallelism: int) -> None:
        run = flights_job.Run(
            suite.flights_command(place, start=start, parallelism=parallelism, rate=slow)
        )
        check(run.wait_for_line("RUNNING", 30), f"from {start} it did not run:\n{run.tail()}")
        suite.flink.wait(
            "a checkpoint", lambda: run.last_checkpoint() > 0 or run.process.poll() is not None, 30
        )
        check(run.kill_after(0), f"it ended by itself:\n{run.tail()}")

    interrupted("latest", 2)
    job = suite.submit(
        place,
        parallelism=3,
        start="latest",
        rate=slow,
        extra=[
            "-D",
            "execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION",
            "-D",
            "execution.checkpointing.data-inline-threshold=1",
        ],
    )
    suite.checkpointed(job, 3)
    suite.flink.cancel(job)
    interrupted(suite.flink.newest_checkpoint(job), 1)
    job = suite.submit(place, parallelism=2, start="latest", rate=slow)
    suite.checkpointed(job)
    savepoint = suite.flink.stop_with_savepoint(job, place.uri("savepoints"))
    run = flights_job.Run(suite.flights_command(place, start=savepoint, parallelism=3))
    check(run.wait(END_SECONDS) == 0, f"from {savepoint}:\n{run.tail()}")
    suite.check_output(place)


def hanging_chain_canceled(suite: Suite) -> None:
    before = suite.flink.pids()
    job, _ = suite.broken("hang")
    time.sleep(0.5)
    began = time.monotonic()
    suite.flink.cancel(job, 20)
    took = time.monotonic() - began
    check(took < 15, f"the cancellation took {took:.1f} s")
    suite.same_taskmanagers(before)


def words(suite: Suite) -> None:
    """word_count survives the kill of its TaskManager, and continues at another parallelism."""
    place = suite.place()
    texts = os.path.join(suite.scratch, "texts")
    chance = random.Random(5)
    counts: collections.Counter[str] = collections.Counter()
    if not os.path.isdir(texts):
        os.makedirs(texts)
        for n in range(3):
            with open(os.path.join(texts, f"{n}.txt"), "w") as file:
                for _ in range(LINES // 3):
                    file.write(
                        " ".join(f"w{int(chance.paretovariate(0.6)) % 500}" for _ in range(8))
                        + "\n"
                    )
    for name in os.listdir(texts):
        with open(os.path.join(texts, name)) as file:
            counts.update(file.read().split())

    def run(parallelism: int, start: str, rate: float) -> str:
        job = flink_cluster.submit(
            [
                suite.program("word_count"),
                "--input",
                texts,
                "--output",
                place.uri("out"),
                "--rate",
                str(rate),
                "--from",
                start,
                "--parallelism",
                str(parallelism),
                "-D",
                f"execution.checkpointing.interval={INTERVAL}",
                "-D",
                f"execution.checkpointing.dir={place.uri('checkpoints')}",
            ]
            + suite.target()
        )
        suite.flink.wait_running(job)
        return job

    job = run(2, "none", LINE_RATE)
    suite.checkpointed(job)
    kill_taskmanager(suite, job)
    suite.flink.wait_running(job)
    suite.checkpointed(job, suite.flink.completed(job) + 2)
    suite.finished(run(3, suite.flink.stop_with_savepoint(job, place.uri("savepoints")), 0))
    expected = sorted(f"{word},{n}" for word, count in counts.items() for n in range(1, count + 1))
    difference = flights_job.first_difference(expected, flights_job.committed_lines(place, "out"))
    check(not difference, difference)


def broadcast_and_joins(suite: Suite) -> None:
    """An operator with a keyed and a broadcast input, session windows with a side output, and an
    interval join survive the kill of their TaskManager and continue at another parallelism.
    """
    for example in ["fraud", "sessions", "shop"]:
        place = suite.place()

        def run(
            parallelism: int,
            start: str,
            rate: float,
            example: str = example,
            place: flights_job.Place = place,
        ) -> str:
            return flink_cluster.submit(
                examples_test.command(
                    suite.build, example, place, parallelism=parallelism, rate=rate, start=start
                )
                + suite.target()
            )

        job = run(2, "none", EXAMPLE_RATE)
        suite.flink.wait_running(job)
        suite.checkpointed(job)
        kill_taskmanager(suite, job)
        suite.flink.wait_running(job)
        suite.checkpointed(job, suite.flink.completed(job) + 2)
        savepoint = suite.flink.stop_with_savepoint(job, place.uri("savepoints"))
        suite.finished(run(3, savepoint, 0))
        difference = flights_job.first_difference(
            examples_test.expected_lines(example, place),
            flights_job.committed_lines(place, "out"),
        )
        check(not difference, f"{example}: {difference}")


def noticed(suite: Suite, bug: str) -> bool:
    """True if a job that fails and continues gives a wrong result with this bug switched on."""
    place = suite.place()
    job, _ = suite.broken("throw", "--between", "--bug", bug, place=place)
    suite.flink.wait(
        "its end",
        lambda: suite.flink.state(job) in flink_cluster.ENDED
        or len(suite.flink.exceptions(job)) > 3,
        END_SECONDS,
    )
    return (
        suite.flink.state(job) != "FINISHED" or suite.difference(place) != ""
    )  # or it cannot continue


def restore_left_out(suite: Suite) -> None:
    check(noticed(suite, "hosted_state_not_restored"), "it was not noticed")


def flush_left_out(suite: Suite) -> None:
    """Records are buffered for 10 ms at most, so there may be none to lose at the last barrier
    before the fault: hence several tries.
    """
    check(
        any(noticed(suite, "hosted_barrier_not_flushed") for _ in range(6)),
        "it was not noticed in six tries",
    )


def refused(command: list[str], *words: str) -> None:
    """Expects exit code 2 and a sentence on standard error that contains these words."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=90,
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    check(done.returncode == 2, f"exit code {done.returncode}:\n{done.stderr}")
    check(
        len(said) == 1 and all(word in said[0] for word in words),
        f"the sentence should have {words}:\n{done.stderr}",
    )


def bad_cases(suite: Suite) -> None:
    place = suite.place()
    command = suite.flights_command(place)
    with contextlib.closing(free_port()) as port:
        nobody = f"http://127.0.0.1:{port.getsockname()[1]}"
        refused(command + ["--target", "flink", "--rest", nobody], nobody)
    with no_flink() as url:
        refused(command + ["--target", "flink", "--rest", url], url, "Flink")
    refused(command + ["--target", "flink"], "--rest")
    refused(suite.flights_command(place, parallelism=9) + suite.target(), "9 slots", "4")
    refused(
        command + suite.target() + ["-D", f"weir.flink.bridge-jar={suite.scratch}/none.jar"],
        f"{suite.scratch}/none.jar",
    )
    check(not place.names("out"), "something was written")


def printed_line(suite: Suite, flink: flink_cluster.FlinkCluster, command: list[str]) -> str:
    """Writes the jar for that cluster, and returns the line that runs it."""
    jar = suite.scratch_file("job") + ".jar"
    done = subprocess.run(
        command + ["--target", "flink", "--rest", flink.url, "--jar-out", jar],
        check=True,
        timeout=60,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    check(
        done.stdout.startswith("flink run -d -m ") and done.stdout.endswith(f"{jar}\n"),
        f"it prints: {done.stdout}",
    )
    return done.stdout.strip()


def told(output: str, pattern: str) -> str:
    found = re.search(pattern, output)
    if not found:
        raise Failure(f"Flink's command line printed:\n{output}")
    return found[1]


def command_line(suite: Suite) -> None:
    """The line printed for a jar works unchanged. Flink's command line stops the job with a
    savepoint, and starts it from there.
    """
    place = suite.place()
    slow = suite.flights_command(
        place,
        "e2e_breaking_flights",
        parallelism=None,
        rate=RATE // 10,
        extra=["--hurry", suite.scratch_file("hurry")],
    )
    line = printed_line(suite, suite.flink, slow)

    def runs(line: str, parallelism: int) -> str:
        job = told(suite.flink.cli(line), r"JobID ([0-9a-f]{32})")
        suite.flink.wait_running(job)
        found = [vertex["parallelism"] for vertex in suite.flink.vertices(job)]
        check(found == [parallelism] * 2, f"`{line}` runs the job with {found}")
        return job

    job = runs(line, 1)
    suite.checkpointed(job)
    told(
        suite.flink.cli(f"flink savepoint {job} {place.uri('savepoints')}"),
        rf"({place.uri('savepoints')}/savepoint-\S+)",
    )
    savepoint = told(
        suite.flink.cli(f"flink stop -p {place.uri('savepoints')} {job}"), r"Path: (\S+)"
    )
    check(suite.flink.state(job) == "FINISHED", "it was not stopped")
    suite.hurry()
    suite.finished(runs(line.replace("flink run -d", f"flink run -d -p 3 -s {savepoint}"), 3))
    suite.check_output(place)


def uploads_refused(suite: Suite) -> None:
    """A JobManager that accepts no jars: the sentence gives the remedy, which works."""
    place = suite.place()
    with flink_cluster.FlinkCluster(
        suite.version, taskmanagers=0, options=["-D", "web.submit.enable=false"]
    ) as other:
        command = suite.flights_command(place)
        refused(
            command + ["--target", "flink", "--rest", other.url],
            other.url,
            "web.submit.enable",
            "--jar-out",
            "flink run",
        )
        check(not other.jobs(), "it was submitted")
        job = told(other.cli(printed_line(suite, other, command)), r"JobID ([0-9a-f]{32})")
        check(
            [vertex["parallelism"] for vertex in other.vertices(job)] == [2, 2],
            "it has not the jar's parallelism",
        )
        other.cli(f"flink cancel {job}")
        other.wait_end(job, "CANCELED", 30)


def other_processor(suite: Suite) -> None:
    """A jar whose executable is for another processor fails with a sentence."""
    place = suite.place()
    jar, other = os.path.join(suite.scratch, "job.jar"), os.path.join(suite.scratch, "other.jar")
    command = suite.flights_command(place) + ["--target", "flink", "--jar-out", jar]
    subprocess.run(
        command, check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with zipfile.ZipFile(jar) as old, zipfile.ZipFile(other, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "weir/plan.json":
                check(b'"amd64"' in content, "the plan names no processor")
                content = content.replace(b'"amd64"', b'"aarch64"')
            new.writestr(entry, content)
    try:
        job = suite.flink.run_java(other, "weir.flink.JobMain", [])
    except Failure as failure:
        check("aarch64" in str(failure), str(failure))
        return
    said = suite.failed_with(job)
    suite.flink.cancel(job)
    check("aarch64" in said and "amd64" in said, said[:2000])


def not_executable(suite: Suite) -> None:
    """io.tmp.dirs is on a file system mounted as noexec."""
    if not suite.tmpfs:
        return
    place = suite.place()
    subprocess.run(["mount", "-o", "remount,noexec", suite.tmpfs], check=True, timeout=10)
    try:
        job = flink_cluster.submit(suite.flights_command(place) + suite.target())
        said = suite.failed_with(job)
        suite.flink.cancel(job)
    finally:
        subprocess.run(["mount", "-o", "remount,exec", suite.tmpfs], check=True, timeout=10)
    check("cannot execute in " + suite.tmpfs in said, said[:2000])


def free_port() -> socket.socket:
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    return port


@contextlib.contextmanager
def no_flink() -> Iterator[str]:
    """The URL of a web server that is not Flink."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<html>hello</html>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


CASES = [
    clean,
    exception,
    segmentation_fault,
    checkpoint_lost,
    taskmanager_killed,
    jobmanager_killed,
    rescaled,
    unaligned_rescaled,
    there_and_back,
    words,
    broadcast_and_joins,
    hanging_chain_canceled,
    restore_left_out,
    flush_left_out,
    bad_cases,
    command_line,
    uploads_refused,
    other_processor,
    not_executable,
]
NEWEST_ONLY = [jobmanager_killed, uploads_refused]  # they start their own cluster


@contextlib.contextmanager
def temporary_files() -> Iterator[tuple[str, bool]]:
    """A folder for io.tmp.dirs, and whether it is a separate file system, which root can remount
    as noexec.
    """
    folder = tempfile.mkdtemp(prefix="weir-flink-tmp-")
    own = (
        os.geteuid() == 0
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", folder], stderr=subprocess.DEVNULL
        ).returncode
        == 0
    )
    try:
        yield folder, own
    finally:
        if own:
            subprocess.run(["umount", folder], timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def run_version(arguments: argparse.Namespace, version: str, scratch: str) -> list[int]:
    """The numbers of passed and failed cases."""
    results = [0, 0]
    with (
        temporary_files() as (temporary, own),
        flink_cluster.FlinkCluster(
            version, taskmanagers=2, options=["-D", f"io.tmp.dirs={temporary}"]
        ) as flink,
    ):
        suite = Suite(arguments.build, flink, scratch, version)
        suite.tmpfs = temporary if own else None
        for case in CASES:
            if (arguments.case and case.__name__ not in arguments.case) or (
                case in NEWEST_ONLY and version != VERSIONS[-1]
            ):
                continue
            began = time.monotonic()
            problem = ""
            try:
                case(suite)
            except Failure as failure:
                problem = str(failure)
            except Exception:
                problem = traceback.format_exc()
            results[1 if problem else 0] += 1
            took = f"{time.monotonic() - began:.1f} s"
            print(
                f"FAIL Flink {version}: {case.__name__}, {took}: {problem}"
                if problem
                else f"PASS Flink {version}: {case.__name__}, {took}",
                flush=True,
            )
            for job, (_, state) in flink.jobs().items():
                if state not in flink_cluster.ENDED:
                    flink.call("PATCH", f"/jobs/{job}?mode=cancel")
                    with contextlib.suppress(Failure):
                        flink.wait("its end", lambda: flink.state(job) in flink_cluster.ENDED, 30)
            if problem and arguments.keep:
                shutil.copytree(
                    flink.home,
                    os.path.join(scratch, f"{version}-{case.__name__}"),
                    ignore=shutil.ignore_patterns("upload", "tmp"),
                )
    return results


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument(
        "--version", action="append", help=f"of Flink; otherwise {' and '.join(VERSIONS)}"
    )
    parser.add_argument("--case", action="append")
    parser.add_argument("--keep", action="store_true", help="the logs of a case that fails")
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    scratch = tempfile.mkdtemp(prefix="weir-flink-host-")
    flights_data.write_slice(
        flights_data.flights_directory(),
        os.path.join(scratch, "flights"),
        ROWS,
        start=random.Random(1).randrange(YEAR),
    )
    began = time.monotonic()
    passed = failed = 0
    with contextlib.ExitStack() as stack:
        if not os.environ.get("WEIR_TEST_HDFS"):
            os.environ.update(stack.enter_context(flights_cluster.RealSystem("hdfs.py")).env)
        for version in arguments.version or VERSIONS:
            results = run_version(arguments, version, scratch)
            passed, failed = passed + results[0], failed + results[1]
    if failed and arguments.keep:
        print(f"logs are in {scratch}")
    else:
        shutil.rmtree(scratch)
    print(
        f"summary: Flink {' and '.join(arguments.version or VERSIONS)}, {time.monotonic() - began:.0f} s"
    )
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
