"""Shared by the tests of the user's view: a case class with a small input and a scratch
directory, and the runner.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import Any, Self

sys.path.insert(
    0,
    os.path.join(
        os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tools"
    ),
)
import flights_data
import flights_job
import flights_reference

FAILED, REFUSED, NOT_NOW, CANCELED, LEFT = 1, 2, 3, 130, 143  # exit codes


def expect(condition: object, why: object) -> None:
    if not condition:
        raise AssertionError(why)


def expect_in(text: str, *parts: str) -> None:
    for part in parts:
        expect(part in text, f"'{part}' is not in:\n{text}")


class SmallCase:
    """The setup of every test: the programs, a small input, a scratch directory."""

    def __init__(self, build: str, source: str, scratch: str) -> None:
        self.bin = os.path.join(build, "bin")
        self.flights = os.path.join(self.bin, "flights")
        self.source = source
        self.scratch = scratch
        self.place = flights_job.LocalPlace(scratch)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def path(self, *names: str) -> str:
        return os.path.join(self.scratch, *names)

    def expect_right_output(self) -> None:
        found = flights_job.committed_lines(self.place, "out")
        difference = flights_job.first_difference(
            flights_reference.expected_lines(self.source), found
        )
        expect(not difference, difference)
        expect(not flights_job.orphans(self.place, "out"), "there are orphans")


def run_cases(tests: dict[str, Any], case: Callable[[str, str, str], Any], rows: int) -> int:
    """Runs each test with its own case of `rows` flights, and returns the exit code. `tests`:
    the module's globals.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    home = tempfile.mkdtemp(prefix="weir-cases-")
    source = os.path.join(home, "flights")
    flights_data.write_slice(flights_data.flights_directory(), source, rows)
    passed = failed = 0
    for name, test in list(tests.items()):
        if not name.startswith("test_") or arguments.only not in name:
            continue
        scratch = os.path.join(home, name)
        os.mkdir(scratch)
        began = time.monotonic()
        try:
            with case(os.path.abspath(arguments.build), source, scratch) as made:
                test(made)
            passed += 1
        except Exception as error:
            failed += 1
            print(
                f"FAILED {name}: {error if isinstance(error, AssertionError) else traceback.format_exc()}",
                flush=True,
            )
        print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1
