#!/usr/bin/env python3
"""Runs the whole suite and ends with `N passed, N failed`.

Lanes: the unit tests and the simulator (no servers); tests that need their own real HDFS or
ZooKeeper; jobs as processes and in real Flinks, on an HDFS and a ZooKeeper that are started here,
on free ports, and stopped again; Flink's own reader on weir's checkpoints; the installed package as
used from outside. A lane's programs print GoogleTest's summary or a line
`N passed, N failed`; a program that prints neither counts as one test.

Usage: run_tests.py --build DIR [--only LANE]…
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from flights_cluster import RealSystem

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GTEST_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.M)
GTEST_FAILED = re.compile(r"^\[  FAILED  \] (\d+) test", re.M)
GTEST_SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) test", re.M)
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)


def count(output: str, exit_code: int) -> tuple[int, int]:
    """(passed, failed) of one program. A program with a bad exit code counts as at least one
    failure, whatever it printed.
    """
    plain = PLAIN.findall(output)
    if plain:
        passed, failed = int(plain[-1][0]), int(plain[-1][1])
    elif GTEST_PASSED.search(output) or GTEST_FAILED.search(output):
        passed = sum(int(n) for n in GTEST_PASSED.findall(output))
        failed = sum(int(n) for n in GTEST_FAILED.findall(output))
    else:
        passed, failed = (1, 0) if exit_code == 0 else (0, 1)
    if exit_code != 0 and failed == 0:
        failed = 1
    return passed, failed


def run(
    name: str,
    command: list[str],
    timeout: float,
    env: dict[str, str] | None = None,
    cwd: str = ROOT,
) -> tuple[int, int]:
    begin = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=env, cwd=cwd, start_new_session=True
        )
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            code = 124
        log.seek(0)
        output = log.read()
    passed, failed = count(output, code)
    if code == 124:
        output += f"\nended after {timeout} s\n"
    seconds = time.monotonic() - begin
    print(
        f"{'ok    ' if failed == 0 else 'FAILED'} {name:<28} {passed:5} passed {failed:3} failed  {seconds:6.1f} s",
        flush=True,
    )
    if failed:
        print("\n".join("    | " + line for line in output.splitlines()[-150:]), flush=True)
    else:
        for line in output.splitlines():
            if line.startswith("summary:"):
                print("         " + line, flush=True)
    return passed, failed


def ctest_programs(build: str, label: str) -> Iterator[tuple[str, list[str], float, str]]:
    shown = subprocess.run(
        ["ctest", "--test-dir", build, "--show-only=json-v1", "-L", label],
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    tests = []
    for test in json.loads(shown.stdout)["tests"]:
        tests.append((test, {p["name"]: p["value"] for p in test.get("properties", [])}))
    tests.sort(key=lambda each: -float(each[1].get("COST", 0)))
    for test, properties in tests:
        yield (
            test["name"],
            test["command"],
            float(properties.get("TIMEOUT", 300)),
            properties.get("WORKING_DIRECTORY", ROOT),
        )


def unit(build: str, add: Callable[[tuple[int, int]], None]) -> None:
    programs = list(ctest_programs(build, "unit"))
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for result in pool.map(lambda t: run(t[0], t[1], t[2], cwd=t[3]), programs):
            add(result)


def integration(build: str, add: Callable[[tuple[int, int]], None]) -> None:
    for name, command, timeout, cwd in ctest_programs(build, "integration"):
        add(run(name, command, timeout, cwd=cwd))


def e2e(build: str, add: Callable[[tuple[int, int]], None]) -> None:
    with RealSystem("hdfs.py") as hdfs, RealSystem("zookeeper.py") as zookeeper:
        for name, command, timeout, cwd in ctest_programs(build, "e2e"):
            add(
                run(
                    name, command, timeout, env={**os.environ, **hdfs.env, **zookeeper.env}, cwd=cwd
                )
            )


def compat(build: str, add: Callable[[tuple[int, int]], None]) -> None:
    for name, command, timeout, cwd in ctest_programs(build, "compat"):
        add(run(name, command, timeout, cwd=cwd))


def style(build: str, add: Callable[[tuple[int, int]], None]) -> None:
    tools = os.path.join(ROOT, "tools")
    add(run("format", [sys.executable, f"{tools}/format.py", "--check"], 600))
    add(run("tidy", [sys.executable, f"{tools}/tidy.py", "--build", build, "--headers"], 600))


def package(build: str, add: Callable[[tuple[int, int]], None]) -> None:
    add(
        run(
            "package",
            [sys.executable, os.path.join(ROOT, "tests/package/package_test.py"), build],
            1800,
        )
    )
    add(
        run(
            "deploy",
            [sys.executable, os.path.join(ROOT, "tests/package/deploy_test.py"), build],
            600,
        )
    )


LANES = {
    "style": style,
    "unit": unit,
    "integration": integration,
    "e2e": e2e,
    "compat": compat,
    "package": package,
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", action="append", choices=LANES)
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build)
    totals = [0, 0]

    def add(result: tuple[int, int]) -> None:
        totals[0] += result[0]
        totals[1] += result[1]

    for name, lane in LANES.items():
        if arguments.only and name not in arguments.only:
            continue
        print(f"-- {name}", flush=True)
        try:
            lane(build, add)
        except (
            Exception
        ) as error:  # a lane that cannot run counts as failed, and the others still run
            print(f"FAILED {name}: {error}", flush=True)
            add((0, 1))
    print(f"{totals[0]} passed, {totals[1]} failed")
    return 0 if totals[1] == 0 and totals[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
