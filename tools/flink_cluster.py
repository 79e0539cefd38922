"""A cluster of a real Flink, and a client of its REST API. For the demo, the end-to-end tests
and the benchmark.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Self

import flights_cluster

POLL_SECONDS = 0.1
ENDED = ("FINISHED", "FAILED", "CANCELED")


class Failure(Exception):
    pass


class FlinkCluster(flights_cluster.RealSystem):
    """Runs tools/real/flink.py inside the `with`. Its REST address is `url`; nothing is sent to
    a server that isn't this cluster's.
    """

    def __init__(
        self,
        version: str | None = None,
        taskmanagers: int = 1,
        slots: int = 2,
        options: Iterable[str] = (),
    ) -> None:
        super().__init__(
            "flink.py",
            *(["--version", version] if version else []),
            "--taskmanagers",
            str(taskmanagers),
            "--slots",
            str(slots),
            *options,
        )

    def __enter__(self) -> Self:
        super().__enter__()
        self.url = self.env["WEIR_TEST_FLINK"]
        return self

    # --- processes

    def pids(self) -> dict[str, int]:
        """By the names in tools/real/flink.py: jobmanager, taskmanager-1, …"""
        with open(os.path.join(self.home, "state.json")) as state:
            return {name: entry["pid"] for name, entry in json.load(state)["processes"].items()}

    def kill(self, number: int | str) -> None:
        """kill -9 of a TaskManager by its number, or of the "jobmanager"."""
        self.do("kill", str(number))

    def revive(self, number: int | str) -> None:
        self.do("revive", str(number))

    def chains(self) -> list[int]:
        """The pids of the processes that run chains."""
        found = []
        for name, pid in self.pids().items():
            if not name.startswith("taskmanager") or not os.path.isdir(f"/proc/{pid}"):
                continue
            for task in os.listdir(f"/proc/{pid}/task"):
                try:
                    with open(f"/proc/{pid}/task/{task}/children") as children:
                        found += [int(child) for child in children.read().split()]
                except OSError:  # the thread has ended
                    pass
        return sorted(set(found))

    def cli(self, line: str, timeout: float = 60) -> str:
        """Runs the shell line `line`, in which `flink` is Flink's own command line, and returns
        its output.
        """
        environment = {**os.environ, "PATH": f"{self.home}/bin:{os.environ['PATH']}"}
        done = subprocess.run(
            line,
            shell=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
        if done.returncode != 0:
            raise Failure(
                f"`{line}` ended with exit code {done.returncode}:\n{done.stdout[-3000:]}"
            )
        return done.stdout

    def log(self, name: str) -> str:
        with open(os.path.join(self.home, f"{name}.log"), errors="replace") as log:
            return log.read()

    # --- REST

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        timeout: float = 30,
    ) -> Any:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path,
            data=data,
            method=method,
            headers={"Content-Type": content_type} if data else {},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return json.loads(reply.read() or b"{}")
        except urllib.error.HTTPError as error:
            if error.code == 503:  # no leader at the moment
                raise
            raise Failure(
                f"{method} {path}: {error.code} {error.read().decode(errors='replace')[:2000]}"
            ) from error

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def jobs(self) -> dict[str, tuple[str, str]]:
        """Maps ids to names and states."""
        return {
            job["jid"]: (job["name"], job["state"]) for job in self.get("/jobs/overview")["jobs"]
        }

    def state(self, job: str) -> str:
        return self.get(f"/jobs/{job}")["state"]

    def vertices(self, job: str) -> list[dict[str, Any]]:
        return self.get(f"/jobs/{job}")["vertices"]

    def metrics(self, job: str) -> set[str]:
        """The metric names of a running job; Flink fetches them every few seconds."""
        return {
            metric["id"]
            for vertex in self.vertices(job)
            for metric in self.get(f"/jobs/{job}/vertices/{vertex['id']}/metrics")
        }

    def running(self, job: str) -> bool:
        """True if every task is running or has finished."""
        found = self.get(f"/jobs/{job}")
        return found["state"] in ("RUNNING", "FINISHED") and all(
            vertex["status"] in ("RUNNING", "FINISHED") for vertex in found["vertices"]
        )

    def checkpoints(self, job: str) -> dict[str, Any]:
        return self.get(f"/jobs/{job}/checkpoints")

    def completed(self, job: str) -> int:
        """The number of completed checkpoints."""
        return self.checkpoints(job)["counts"]["completed"]

    def exceptions(self, job: str) -> list[str]:
        """The stack traces of all failures, newest first."""
        entries = self.get(f"/jobs/{job}/exceptions?maxExceptions=20")["exceptionHistory"][
            "entries"
        ]
        return [entry["stacktrace"] for entry in entries]

    def placed_on(self, job: str) -> set[int]:
        """The numbers of the TaskManagers that run its tasks."""
        found = set()
        for vertex in self.vertices(job):
            for subtask in self.get(f"/jobs/{job}/vertices/{vertex['id']}")["subtasks"]:
                if placed := re.match(r"taskmanager-(\d+)-", subtask.get("taskmanager-id", "")):
                    found.add(int(placed[1]))
        return found

    def wait(
        self, what: str, condition: Callable[[], Any], seconds: float, job: str | None = None
    ) -> Any:
        """Waits for the condition's first true value and returns it. Fails if `job` is given and
        ends meanwhile.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = condition()
            except OSError:
                found = None
            if found:
                return found
            if job is not None and (state := self.state(job)) in ENDED:
                found = condition()
                if found:
                    return found
                raise Failure(f"the job ended as {state} before {what}{self.why(job)}")
            if time.monotonic() > deadline:
                raise Failure(
                    f"{what} did not come within {seconds} s{self.why(job) if job else ''}"
                )
            time.sleep(POLL_SECONDS)

    def why(self, job: str) -> str:
        found = self.exceptions(job)
        return f"; Flink says: {found[0][:3000]}" if found else ""

    def wait_running(self, job: str, seconds: float = 60) -> None:
        self.wait("its tasks ran", lambda: self.running(job), seconds, job)

    def wait_end(self, job: str, wanted: str, seconds: float) -> None:
        """Waits until the job has ended, which must be in the state `wanted`."""
        state = self.wait("its end", lambda: (s := self.state(job)) in ENDED and s, seconds)
        if state != wanted:
            raise Failure(f"the job ended as {state} rather than {wanted}{self.why(job)}")

    def stop_with_savepoint(self, job: str, directory: str, seconds: float = 60) -> str:
        """Returns the savepoint's path."""
        request = self.call(
            "POST", f"/jobs/{job}/stop", {"targetDirectory": directory, "drain": False}
        )["request-id"]
        done = self.wait(
            "its savepoint",
            lambda: (r := self.get(f"/jobs/{job}/savepoints/{request}"))["status"]["id"]
            == "COMPLETED"
            and r,
            seconds,
        )
        if "location" not in done["operation"]:
            raise Failure(
                f"the savepoint failed: {done['operation']['failure-cause']['stack-trace'][:3000]}"
            )
        self.wait_end(job, "FINISHED", seconds)
        return done["operation"]["location"]

    def newest_checkpoint(self, job: str) -> str:
        """The path of the newest completed checkpoint that still exists."""
        return self.checkpoints(job)["latest"]["completed"]["external_path"]

    def cancel(self, job: str, seconds: float = 60) -> None:
        self.call("PATCH", f"/jobs/{job}?mode=cancel")
        self.wait_end(job, "CANCELED", seconds)

    def run_java(self, jar: str, main: str, arguments: list[str]) -> str:
        """Submits a Java job, and returns its id."""
        boundary = uuid.uuid4().hex
        with open(jar, "rb") as file:
            body = (
                (
                    f'--{boundary}\r\nContent-Disposition: form-data; name="jarfile"; filename="job.jar"\r\n'
                    "Content-Type: application/java-archive\r\n\r\n"
                ).encode()
                + file.read()
                + f"\r\n--{boundary}--\r\n".encode()
            )
        uploaded = self.call(
            "POST", "/jars/upload", body, f"multipart/form-data; boundary={boundary}"
        )["filename"].rsplit("/", 1)[1]
        return self.call(
            "POST", f"/jars/{uploaded}/run", {"entryClass": main, "programArgsList": arguments}
        )["jobid"]


def submit(command: list[str], timeout: float = 60) -> str:
    """Runs a weir program with --target flink --detached, and returns the job id that it prints."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=timeout,
    )
    found = re.search(r"^job ([0-9a-f]{32})$", done.stdout, re.M)
    if done.returncode != 0 or not found:
        raise Failure(
            f"`{' '.join(command)}` ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return found[1]
