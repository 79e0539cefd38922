"""Shared by the tests that run jobs against a real system: the jobs, and the cases of a test."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from flights_cluster import RealSystem as RealSystem

REFUSED, NOT_NOW = 2, 3  # exit codes


def expect(condition: object, why: object) -> None:
    if not condition:
        raise AssertionError(why)


def expect_in(text: str, *parts: str) -> None:
    for part in parts:
        expect(part in text, f"'{part}' is not in:\n{text}")


def wait_for(what: str, condition: Callable[[], Any], seconds: float = 40) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        expect(time.monotonic() < deadline, f"{what} did not come within {seconds} s")
        time.sleep(0.05)
    return found


class Job:
    """A run of a program, by default kafka_job, with checkpoints in a folder."""

    def __init__(
        self,
        build: str,
        folder: str,
        *arguments: str,
        interval: str = "200 ms",
        program: str = "kafka_job",
        checkpoints: bool = True,
    ) -> None:
        settings = [f"interval={interval}", f"dir={folder}/checkpoints"] if checkpoints else []
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [
                os.path.join(build, "bin", program),
                *arguments,
                *(f"-Dexecution.checkpointing.{setting}" for setting in settings),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=folder,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def log(self) -> str:
        return "\n".join(self.lines)

    def has(self, pattern: str) -> bool:
        return any(re.search(pattern, line) for line in list(self.lines))

    def wait(self, seconds: float = 60) -> tuple[int, str]:
        """(exit code, output)"""
        code = self.process.wait(seconds)
        self.reader.join(10)
        return code, self.log()

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def end(self) -> None:
        self.kill()
        self.process.wait(30)

    def workers(self) -> list[int]:
        """Pids of its worker processes."""
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
                return [int(pid) for pid in children.read().split()]
        except OSError:
            return []


def completed(folder: str) -> list[int]:
    """The numbers of the completed checkpoints."""
    found = []
    for path, _, names in os.walk(os.path.join(folder, "checkpoints")):
        match = re.search(r"chk-(\d+)$", path)
        if match and "_metadata" in names:
            found.append(int(match[1]))
    return sorted(found)


def run_cases(
    description: str | None,
    system: RealSystem,
    cases: Iterable[Callable[[Any], None]],
    make_case: Callable[[str, str, str], Any],
) -> None:
    """Runs the cases that the command line chooses against a system; ends with the exit code.

    Each gets make_case(build, folder, name), with a folder of its own.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", required=True)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    passed = failed = 0
    with system:
        for function in cases:
            name = function.__name__
            if arguments.only and arguments.only not in name:
                continue
            folder = tempfile.mkdtemp(prefix="weir-case-")
            begin = time.monotonic()
            try:
                function(make_case(os.path.abspath(arguments.build), folder, name))
                passed += 1
                print(f"ok     {name} ({time.monotonic() - begin:.1f} s)", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc()}", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
