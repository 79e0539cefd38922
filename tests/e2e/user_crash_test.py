#!/usr/bin/env python3
"""Checks the reports of a process that user code ends, and of a job whose output is not read.

Usage: user_crash_test.py --build DIR [--only NAME]
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import IO

from small_cases import FAILED, SmallCase, expect, expect_in, run_cases

OPERATOR = "in operator 'fatal' (uid 'auto-fatal-1', subtask "
ENDINGS = {
    "segv": (signal.SIGSEGV, "ended by signal 11 (SIGSEGV)"),
    "abort": (signal.SIGABRT, "ended by signal 6 (SIGABRT)"),
    "terminate": (signal.SIGABRT, "ended by signal 6 (SIGABRT)"),
    "overflow": (signal.SIGSEGV, "ended by signal 11 (SIGSEGV)"),
    "exit": (-FAILED, "ended by a call of exit(0)"),
}
# A function in the back trace; the call of exit() may have no known symbol.
FRAMES = {"overflow": "deeper", "exit": "weir4Task"}


class Case(SmallCase):
    def run(self, *arguments: str, stdout: int | IO[str] = subprocess.DEVNULL) -> tuple[int, str]:
        """(exit code, standard error)"""
        command = [os.path.join(self.bin, "e2e_crashing"), "-D", "weir.progress=false", *arguments]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=60,
            cwd=self.scratch,
        )
        return done.returncode, done.stderr


def test_the_end_of_a_job_in_one_process_names_the_operator(case: Case) -> None:
    for how, (number, words) in ENDINGS.items():
        code, err = case.run("--how", how, "--parallelism", "2")
        expect(code == -number, f"{how}: exit code {code}\n{err}")
        expect_in(err, f"weir: the job was {words}, {OPERATOR}", FRAMES.get(how, "end_the_process"))


def test_the_end_of_a_worker_is_in_its_coordinators_log(case: Case) -> None:
    for how, (_, words) in ENDINGS.items():
        code, err = case.run(
            "--how", how, "--parallelism", "2", "--workers", "2", "-D", "restart-strategy.type=none"
        )
        expect(code == FAILED, f"{how}: exit code {code}\n{err}")
        failures = [line for line in err.splitlines() if "attempt " in line and " failed: " in line]
        expect(
            failures and "the worker was " + words in failures[0] and OPERATOR in failures[0],
            f"{how}: {failures}\n{err}",
        )
        after = err[err.index(failures[0]) :]
        expect_in(after, FRAMES.get(how, "end_the_process"))


def test_what_cannot_be_printed_fails_the_job(case: Case) -> None:
    with open("/dev/full", "w") as full:
        code, err = case.run(stdout=full)
    expect(code == FAILED, f"exit code {code}\n{err}")
    expect_in(err, "cannot write to standard output: No space left on device")


def test_a_reader_that_has_seen_enough_ends_the_job(case: Case) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for arguments in ([], ["--workers", "2"]):
        code, err = case.run(*arguments, stdout=writer)
        expect(code == 141, f"exit code {code}\n{err}")
        for word in ("error", "warn", "failed"):
            expect(word not in err.lower(), f"{arguments}: '{word}' in\n{err}")
    os.close(writer)


if __name__ == "__main__":
    sys.exit(run_cases(globals(), Case, 10))
