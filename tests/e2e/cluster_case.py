"""Shared by the tests of jobs in several processes, from the user's view."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import flights_job
from small_cases import SmallCase, expect

SOON = 40  # seconds: an immediate reaction may take this long on a busy machine
# Restarts without long pauses, and without waiting for lost slots.
QUICK = [
    "-D",
    "restart-strategy.type=fixed-delay",
    "-D",
    "restart-strategy.fixed-delay.attempts=1000",
    "-D",
    "restart-strategy.fixed-delay.delay=20 ms",
    "-D",
    "weir.restart.slot-wait=100 ms",
]


def start_time(pid: int) -> str | None:
    """Together with its pid it identifies a process forever; None: there is no such process, or
    it is a zombie.
    """
    try:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(") ")[2].split()
            return None if fields[0] == "Z" else fields[19]
    except OSError:
        return None


def children(pid: int) -> dict[int, str]:
    """{pid: start time}"""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError):
            with open(f"/proc/{name}/stat") as stat:
                if stat.read().rpartition(") ")[2].split()[1] == str(pid):
                    found[int(name)] = start_time(int(name))
    return {child: started for child, started in found.items() if started}


def wait_until(condition: Callable[[], object], seconds: float = SOON) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Case(SmallCase):
    """A job in several processes. All its processes are ended with the `with`."""

    def __init__(self, build: str, source: str, scratch: str) -> None:
        super().__init__(build, source, scratch)
        self.rate = (
            0  # the same for all processes of a case, because each reads it from its command line
        )
        self.runs: list[flights_job.Run] = []

    def __exit__(self, *_: object) -> None:
        for run in self.runs:
            run.kill_after(0)

    def write(self, name: str, text: str, mode: int = 0o600) -> str:
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def start(
        self, *extra: str, parallelism: int = 2, program: str | None = None
    ) -> flights_job.Run:
        command = flights_job.flights_command(
            self.flights,
            self.source,
            self.place,
            parallelism=parallelism,
            rate=self.rate,
            interval="100 ms",
            extra=QUICK + list(extra),
        )
        if program:
            command = [os.path.join(self.bin, program)] + list(extra)
        self.runs.append(flights_job.Run(command))
        return self.runs[-1]

    def coordinator(
        self, *extra: str, listen: str = "127.0.0.1:0", **options: Any
    ) -> tuple[flights_job.Run, int]:
        """(the process, its port)"""
        run = self.start("--role", "coordinator", "--listen", listen, *extra, **options)
        said = "listening for workers on "
        expect(run.wait_for_line(said, SOON), f"the coordinator does not listen\n{run.tail()}")
        line = next(line for line in run.lines if line.startswith(said))
        return run, int(line.rsplit(":", 1)[1])

    def worker(self, port: int | str, *extra: str, **options: Any) -> flights_job.Run:
        return self.start(
            "--role", "worker", "--coordinator", f"127.0.0.1:{port}", *extra, **options
        )

    def expect_end(self, run: flights_job.Run, code: int, seconds: float = 60) -> str:
        found = run.wait(seconds)
        expect(found == code, f"exit code {found} instead of {code}\n{run.tail(40)}")
        return "\n".join(run.lines)

    def expect_line(self, run: flights_job.Run, part: str, seconds: float = SOON) -> None:
        expect(
            wait_until(
                lambda: any(part in line for line in list(run.lines))
                or run.process.poll() is not None,
                seconds,
            )
            and any(part in line for line in run.lines),
            f"no line says '{part}'\n{run.tail(40)}",
        )

    def children_of(self, run: flights_job.Run, count: int) -> dict[int, str]:
        found: dict[int, str] = {}

        def there() -> bool:
            found.clear()
            found.update(children(run.process.pid))
            return len(found) == count

        expect(wait_until(there), f"{len(found)} child processes instead of {count}\n{run.tail()}")
        return found

    def expect_gone(self, processes: dict[int, str]) -> None:
        expect(
            wait_until(
                lambda: all(start_time(pid) != started for pid, started in processes.items())
            ),
            f"processes are left: {[pid for pid, started in processes.items() if start_time(pid) == started]}",
        )
