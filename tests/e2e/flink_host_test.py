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
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import flights_cluster
import flights_data
import flink_cluster
import flink_command_cases
import flink_fault_cases
import flink_rescale_cases
from flink_cluster import Failure
from flink_suite import ROWS, YEAR, Suite

VERSIONS = ["1.20.5", "2.3.0"]
CASES = [*flink_fault_cases.CASES, *flink_rescale_cases.CASES, *flink_command_cases.CASES]
# They start their own cluster.
NEWEST_ONLY = [flink_fault_cases.jobmanager_killed, flink_command_cases.uploads_refused]


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
