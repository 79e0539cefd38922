#!/usr/bin/env python3
"""Steers and watches running jobs with the command lines of real Flinks, and reads the page for
Prometheus. No Flink runs: only its client.

Usage: rest_test.py --build DIR [--only NAME]
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import flights_job
from small_cases import CANCELED, SmallCase, expect, expect_in, run_cases

VERSIONS = ["1.20.5", "2.3.0"]
SECONDS = 60


class Case(SmallCase):
    job: flights_job.Run

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "job") and self.job.process.poll() is None:
            os.killpg(self.job.process.pid, signal.SIGKILL)  # with the workers
            self.job.wait(SECONDS)

    def launch(self, *extra: str) -> None:
        """A slow job with a REST interface."""
        self.job = flights_job.Run(
            flights_job.flights_command(
                self.flights,
                self.source,
                self.place,
                parallelism=2,
                rate=20,
                interval="300 ms",
                extra=["-D", "rest.port=0", *extra],
            )
        )

    def start(self, *extra: str) -> None:
        """Launches the job; returns when it runs and has completed a checkpoint."""
        self.launch(*extra)
        self.url = self.said(r"REST interface listens on (http://\S+)")
        self.id = self.until(lambda: self.get("/jobs")["jobs"][0])["id"]
        self.until(lambda: self.get("/jobs")["jobs"][0]["status"] == "RUNNING")
        self.until(lambda: self.get(f"/jobs/{self.id}/checkpoints")["counts"]["completed"] > 0)

    def said(self, pattern: str) -> str:
        """The first group of the pattern in what the job has written to standard error."""
        found: re.Match[str] = self.until(lambda: re.search(pattern, "\n".join(self.job.lines)))
        return found[1]

    def until(self, condition: Callable[[], Any]) -> Any:
        """The first true value of `condition`; a server that does not answer yet is asked again."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                value = condition()
                if value:
                    return value
            except (OSError, urllib.error.URLError):
                pass
            expect(self.job.process.poll() is None, f"the job has ended\n{self.job.tail()}")
            expect(time.monotonic() < deadline, f"nothing for {SECONDS} s\n{self.job.tail()}")
            time.sleep(0.05)

    def read(self, url: str) -> str:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.read().decode()

    def get(self, path: str) -> Any:
        return json.loads(self.read(self.url + path))

    def cli(self, version: str, *arguments: str) -> tuple[int, str]:
        """(exit code, output) of Flink's command line."""
        home = self.path(f"flink-{version}")
        if not os.path.isdir(home):
            subprocess.run(
                [sys.executable, os.path.join(ROOT, "tools/real/flink.py"), "client"]
                + ["--home", home, "--version", version, "--url", self.url],
                check=True,
                timeout=900,
            )
        done = subprocess.run(
            [os.path.join(home, "bin", "flink"), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout

    def cli_ok(self, version: str, *arguments: str) -> str:
        code, out = self.cli(version, *arguments)
        expect(code == 0, f"flink {' '.join(arguments)}: exit code {code}\n{out}")
        return out

    def savepoint_of(self, out: str) -> str:
        """The directory of the savepoint that a command has printed."""
        found = re.search(r"Savepoint completed. Path: (\S+)", out)
        assert found, out
        directory = re.sub("^file:(//)?", "", found[1])
        name = os.path.basename(directory)
        expect(re.fullmatch(rf"savepoint-{self.id[:6]}-[0-9a-f]{{12}}", name), name)
        expect(os.path.isfile(os.path.join(directory, "_metadata")), f"{directory} is not whole")
        return directory

    def go_on_from(self, savepoint: str, parallelism: int) -> None:
        """Runs the job to its end from a savepoint; its results must be right."""
        command = flights_job.flights_command(
            self.flights,
            self.source,
            self.place,
            parallelism=parallelism,
            interval="300 ms",
            extra=["-D", "weir.accept-changed-job=true"],
        )
        command[command.index("latest")] = savepoint
        self.job = flights_job.Run(command)
        code = self.job.wait(SECONDS)
        expect(code == 0, f"exit code {code}\n{self.job.tail()}")
        self.expect_right_output()


def steer(case: Case, version: str) -> None:
    expect_in(case.cli_ok(version, "list"), case.id, "(RUNNING)")
    before = case.get(f"/jobs/{case.id}/checkpoints")["counts"]["completed"]
    out = case.cli_ok(version, "checkpoint", case.id)
    taken = re.search(r"[Cc]heckpoint (\d+)", out)
    expect(taken and int(taken.group(1)) > before, out)
    code, out = case.cli(version, "savepoint", case.id)
    expect(code != 0, f"no directory was named, but this went well:\n{out}")
    expect_in(out, "[target-directory] must be provided")
    directory = case.path("savepoints")
    saved = case.savepoint_of(case.cli_ok(version, "savepoint", case.id, directory))
    expect(os.path.dirname(saved) == directory, saved)
    expect_in(case.cli_ok(version, "savepoint", "-d", saved), "disposed")
    expect(not os.path.exists(saved), f"{saved} is still there")
    code, out = case.cli(version, "savepoint", "-d", saved)
    expect(code != 0, f"there is no such savepoint, but this went well:\n{out}")
    code, out = case.cli(version, "savepoint", case.id, "/proc/savepoints")
    expect(code != 0, f"nobody can write there, but this went well:\n{out}")
    expect_in(out, "cannot make a directory for the savepoint in")
    expect(case.get(f"/jobs/{case.id}/status")["status"] == "RUNNING", case.job.tail())
    expect_in(case.cli_ok(version, "cancel", case.id), case.id)
    ended = case.job.wait(SECONDS)
    expect(ended == CANCELED, f"exit code {ended}\n{case.job.tail()}")


def test_flink_1_steers_a_job_in_one_process(case: Case) -> None:
    case.start()
    steer(case, VERSIONS[0])


def test_flink_2_steers_a_job_in_one_process(case: Case) -> None:
    case.start()
    steer(case, VERSIONS[1])


def test_flink_2_steers_a_coordinator_with_workers(case: Case) -> None:
    case.start("--workers", "2")
    case.until(lambda: len(case.get("/taskmanagers")["taskmanagers"]) == 2)
    steer(case, VERSIONS[1])


def stop(case: Case, version: str, *flags: str) -> str:
    """Stops the job with a savepoint, and returns the savepoint."""
    out = case.cli_ok(version, "stop", *flags, "-p", case.path("savepoints"), case.id)
    saved = case.savepoint_of(out)
    code = case.job.wait(SECONDS)
    expect(code == 0, f"exit code {code}\n{case.job.tail()}")
    expect_in(case.job.tail(), "stopped with the savepoint ", saved)
    expect(not flights_job.orphans(case.place, "out"), "what the savepoint covers is not committed")
    return saved


def test_a_job_in_one_process_stops_and_goes_on_wider(case: Case) -> None:
    case.start()
    case.go_on_from(stop(case, VERSIONS[0]), 3)


def test_a_job_with_workers_stops_and_goes_on_narrower(case: Case) -> None:
    case.start("--workers", "2")
    case.go_on_from(stop(case, VERSIONS[1]), 1)


def test_a_drained_job_has_closed_all_windows(case: Case) -> None:
    case.start()
    stop(case, VERSIONS[1], "--drain")
    expect(flights_job.committed_lines(case.place, "out"), "no window was closed")


def test_a_savepoint_is_taken_at_the_end_of_the_process(case: Case) -> None:
    directory = case.path("savepoints")
    case.start(
        "-D",
        "weir.savepoint-on-leave=true",
        "-D",
        f"execution.checkpointing.savepoint-dir={directory}",
    )
    first = case.savepoint_of(case.cli_ok(VERSIONS[1], "savepoint", case.id))
    case.job.terminate()
    code = case.job.wait(SECONDS)
    expect(code == 0, f"exit code {code}\n{case.job.tail()}")
    last = re.search(r"stopped with the savepoint (\S+): --from", case.job.tail())
    assert last and os.path.dirname(last[1]).endswith(directory), case.job.tail()
    expect(os.path.isdir(first), "the earlier savepoint is the user's")
    case.go_on_from(last[1], 2)


def test_figures_of_all_workers_are_on_the_page_for_prometheus(case: Case) -> None:
    case.start(
        "--workers", "2", "-D", "metrics.reporters=prom", "-D", "metrics.reporter.prom.port=0"
    )
    page = case.said(r"metrics for Prometheus are at (http://\S+)") + "/metrics"

    def sent() -> dict[str, int]:
        """By source subtask: what it has sent."""
        found = re.findall(
            r'^flink_taskmanager_job_task_numRecordsOut\{.*task_name="Source.*subtask_index="(\d)",\} (\d+)$',
            case.read(page),
            re.M,
        )
        return {subtask: int(count) for subtask, count in found if int(count) > 0}

    first = case.until(sent)
    case.until(lambda: any(count > first.get(subtask, 0) for subtask, count in sent().items()))
    workers = r'^flink_taskmanager_job_task_numRecordsOut\{host="[^"]*",tm_id="(\w+)"'
    case.until(lambda: len(set(re.findall(workers, case.read(page), re.M))) == 2)
    text = case.read(page)
    expect_in(
        text,
        "flink_jobmanager_job_lastCheckpointDuration{",
        "flink_taskmanager_Status_JVM_CPU_Time{",
    )
    vertex = case.get(f"/jobs/{case.id}")["vertices"][0]
    expect(vertex["metrics"]["write-records"] > 0, str(vertex))


def test_requests_of_foreign_pages_change_nothing(case: Case) -> None:
    case.start()

    def status(path: str, **headers: str) -> int:
        request = urllib.request.Request(
            case.url + path,
            method="PATCH" if "mode" in path else "GET",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code

    cancel = f"/jobs/{case.id}?mode=cancel"
    expect(status(cancel, Origin="http://evil.example.com") == 403, "a foreign page has canceled")
    expect(status(cancel, Host="evil.example.com") == 403, "a foreign name was accepted")
    expect(status(f"/jobs/{case.id}/yarn-cancel") == 403, "a link has canceled")
    expect(case.get(f"/jobs/{case.id}/status")["status"] == "RUNNING", case.job.tail())
    expect(status(cancel) == 202, "the job's own user could not cancel")
    expect(case.job.wait(SECONDS) == CANCELED, case.job.tail())


if __name__ == "__main__":
    sys.exit(run_cases(globals(), Case, 4000))
