"""Runs examples/flights as a cluster of processes that can be killed and paused, and measures
the time until the next results. For the demo and the end-to-end tests."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import flights_job

POLL_SECONDS = 0.05
LEADS = re.compile(r"this coordinator leads now, in epoch (\d+)")


class RealSystem:
    """A server of tools/real on free ports of this machine, running inside the `with`; `env`
    holds its settings.
    """

    def __init__(self, tool: str, *options: str) -> None:
        self.tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "real", tool)
        self.options = options
        self.env: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.home = tempfile.mkdtemp(prefix="weir-real-")
        try:
            subprocess.run(
                [sys.executable, self.tool, "start", "--home", self.home, *self.options],
                check=True,
                timeout=600,
            )
            with open(os.path.join(self.home, "env")) as env_file:
                for line in env_file:
                    match = re.match(r"export (\w+)=(.*)", line.strip())
                    if match:
                        self.env[match[1]] = match[2].strip("'\"")
        except BaseException:
            self.__exit__()
            raise
        return self

    def do(self, what: str, *rest: str) -> None:
        """Runs a command of the tool."""
        subprocess.run(
            [sys.executable, self.tool, what, "--home", self.home, *rest], check=True, timeout=120
        )

    def __exit__(self, *_: object) -> None:
        subprocess.run([sys.executable, self.tool, "stop", "--home", self.home], timeout=120)
        shutil.rmtree(self.home, ignore_errors=True)


class Member:
    """One place of the cluster, for a coordinator or a worker; its process can be killed and
    restarted.
    """

    def __init__(self, cluster: Cluster, role: str, number: int) -> None:
        self.cluster, self.role, self.number = cluster, role, number
        self.name = f"{role} {number}"
        self.current: flights_job.Run | None = None
        self.earlier: list[str] = []  # lines of killed processes
        self.paused = False

    @property
    def run(self) -> flights_job.Run:
        """Its current process, or the last one."""
        assert self.current is not None, f"{self.name} was never started"
        return self.current

    def start(self) -> None:
        if self.current:
            self.earlier += [f"-- pid {self.run.process.pid}"] + self.run.lines
        show = self.cluster.show
        self.current = flights_job.Run(
            self.cluster.command(self.role), show=(lambda line: show(self, line)) if show else None
        )

    def lives(self) -> bool:
        return self.current is not None and self.current.process.poll() is None

    def kill(self) -> bool:
        """False: the process had ended by itself."""
        self.paused = False
        return self.lives() and self.run.kill_after(0)

    def pause(self) -> None:
        self.run.process.send_signal(signal.SIGSTOP)
        self.paused = True

    def resume(self) -> None:
        if self.paused:
            self.paused = False
            self.run.process.send_signal(signal.SIGCONT)

    def epoch(self) -> int:
        """The last epoch in which its process led; 0: never."""
        return max(
            (
                int(found[1])
                for line in list(self.run.lines)
                for found in [LEADS.search(line)]
                if found
            ),
            default=0,
        )

    def leads(self) -> bool:
        """True if its own log says so."""
        led = False
        for line in list(self.run.lines):
            if "this coordinator leads now" in line:
                led = True
            elif "this coordinator leads no longer" in line:
                led = False
        return led

    def log(self) -> str:
        return "\n".join(f"    {self.name} | {line}" for line in self.earlier + self.run.lines)


class Cluster:
    """Coordinators and workers of one job, each a separate process."""

    def __init__(
        self,
        binary: str,
        source: str | Sequence[str],
        place: flights_job.Place,
        *,
        zookeeper: str | None = None,
        root: str = "/weir-test",
        coordinators: int = 2,
        workers: int = 3,
        slots: int = 1,
        parallelism: int = 3,
        rate: float = 0,
        interval: str = "200 ms",
        session_ms: int = 2000,
        heartbeat_ms: int = 2500,
        slot_wait: str = "500 ms",
        settings: dict[str, Any] | None = None,
        show: Callable[[Member, str], None] | None = None,
    ) -> None:
        self.show = show
        settings = (settings or {}) | {
            "taskmanager.numberOfTaskSlots": slots,
            "heartbeat.interval": f"{heartbeat_ms // 5} ms",
            "heartbeat.timeout": f"{heartbeat_ms} ms",
            "taskmanager.registration.timeout": "30 s",
            "weir.restart.slot-wait": slot_wait,
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": 1000000,
            "restart-strategy.fixed-delay.delay": "50 ms",
        }
        if zookeeper:
            settings |= {
                "high-availability.type": "zookeeper",
                "high-availability.zookeeper.quorum": zookeeper,
                "high-availability.zookeeper.path.root": root,
                "high-availability.zookeeper.client.session-timeout": f"{session_ms} ms",
            }
        extra = []
        for key, value in settings.items():
            extra += ["-D", f"{key}={value}"]
        self.base = flights_job.flights_command(
            binary,
            source,
            place,
            parallelism=parallelism,
            rate=rate,
            interval=interval,
            extra=extra,
        )
        self.members = [Member(self, "coordinator", n + 1) for n in range(coordinators)] + [
            Member(self, "worker", n + 1) for n in range(workers)
        ]

    def command(self, role: str) -> list[str]:
        return self.base + (
            ["--role", "coordinator", "--listen", "127.0.0.1:0"]
            if role == "coordinator"
            else ["--role", "worker"]
        )

    def of_role(self, role: str) -> list[Member]:
        return [member for member in self.members if member.role == role]

    def start(self) -> None:
        for member in self.members:
            member.start()

    def leader(self) -> Member | None:
        """The coordinator that says it leads, if any."""
        leading = [
            member
            for member in self.of_role("coordinator")
            if member.lives() and not member.paused and member.leads()
        ]
        return max(leading, key=Member.epoch) if leading else None

    def epoch(self) -> int:
        return max((member.epoch() for member in self.of_role("coordinator")), default=0)

    def kill_all(self) -> None:
        for member in self.members:
            if member.current:
                member.kill()

    def wait_for_end(self, seconds: float) -> list[Member]:
        """Waits until every process has ended by itself, and returns the members that did not
        end in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(member.lives() for member in self.members):
            time.sleep(0.05)
        late = [member for member in self.members if member.lives()]
        for member in self.members:
            if member not in late:
                member.run.wait(5)
        return late

    def log(self) -> str:
        return "\n".join(member.log() for member in self.members)


class Results:
    """Watches inside the `with` for new results of the job: checks `place` every POLL_SECONDS."""

    def __init__(self, place: flights_job.Place, output: str = "out") -> None:
        self.place, self.output = place, output
        self.seen: dict[
            str, tuple[int, float]
        ] = {}  # part file -> (when it was closed, ms of the wall clock; when it was seen, monotonic)
        self.changed = threading.Condition()
        self.ended = False
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = True
        self.thread.join(30)

    def _watch(self) -> None:
        while not self.ended:
            try:
                found = self.place.closed_at(self.output)
            except OSError:  # try again at the next check
                found = {}
            now = time.monotonic()
            with self.changed:
                new = {
                    name: (closed, now)
                    for name, closed in found.items()
                    if name.startswith("part-") and name not in self.seen
                }
                if new:
                    self.seen.update(new)
                    self.changed.notify_all()
            time.sleep(POLL_SECONDS)

    def after(self, moment: Moment) -> float | None:
        """The monotonic time at which the first result written after `moment` was seen; None if
        there is none yet.
        """
        wall_ms = moment.wall_ms
        return min((seen for closed, seen in self.seen.values() if closed > wall_ms), default=None)

    def wait_after(
        self, moment: Moment, seconds: float, is_over: Callable[[], bool] = lambda: False
    ) -> bool:
        """Waits for that result; False if it does not come in time."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while self.after(moment) is None:
                if time.monotonic() > deadline or is_over():
                    return False
                self.changed.wait(0.1)
        return True


class Moment:
    """The current time, by both clocks."""

    def __init__(self) -> None:
        self.wall_ms = time.time_ns() // 1000000
        self.monotonic = time.monotonic()
