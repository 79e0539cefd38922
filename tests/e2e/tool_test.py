#!/usr/bin/env python3
"""The program weir: with a running job, with what it leaves in files, and with snapshots of real
Flinks.

Usage: tool_test.py --build DIR [--only NAME]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rest_test import ROOT, SECONDS, Case
from small_cases import CANCELED, expect, expect_in, run_cases

SAMPLES = os.path.join(ROOT, "tests/compat/flink-samples")


def tool(case: Case, *arguments: str, code: int = 0) -> str:
    """What a command prints to standard output, or to standard error if it fails."""
    done = subprocess.run(
        [os.path.join(case.bin, "weir"), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "WEIR_REST": getattr(case, "url", "")},
    )
    expect(
        done.returncode == code,
        f"weir {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}",
    )
    return done.stdout if code in (0, 1) and done.stdout else done.stderr


def positions(case: Case, snapshot: str) -> str:
    """What the source of the job stores in a snapshot, as the tool prints it."""
    shown = json.loads(tool(case, "inspect", snapshot, "--json"))
    source = next(op for op in shown["operators"] if op["lists"])
    return tool(case, "inspect", snapshot, "--state", f"{source['uid']}/SourceReaderState")


def test_a_job_is_steered_and_its_savepoints_are_read(case: Case) -> None:
    case.start()
    expect_in(tool(case, "list"), case.id, "RUNNING")
    expect_in(tool(case, "info"), case.id, "checkpoints  ", "last completed: ")
    expect(int(tool(case, "checkpoint", case.id)) > 0, "no number")
    expect_in(tool(case, "metrics"), "numberOfCompletedCheckpoints ")
    trace = case.path("trace.json")
    tool(case, "trace", "--seconds", "3", "--out", trace)
    with open(trace) as file:
        events = json.load(file)["traceEvents"]
    expect(any(e["name"].startswith("checkpoint ") for e in events), str(events))
    expect(any(e["name"] == "busyTimeMsPerSecond" for e in events), str(events))
    expect_in(tool(case, "trace", "--seconds", "0", code=2), "a whole number from 1")
    expect_in(tool(case, "savepoint", code=1), "[target-directory] must be provided")
    directory = case.path("savepoints")
    first = tool(case, "savepoint", "--directory", directory).strip()
    read = positions(case, first)
    expect(read.strip(), "a source without positions")
    case.until(
        lambda: positions(case, tool(case, "savepoint", "--directory", directory).strip()) != read
    )
    second = tool(case, "stop", "--directory", directory).strip()
    expect(case.job.wait(SECONDS) == 0, case.job.tail())
    expect_in(tool(case, "list", code=3), "no job answers")

    shown = json.loads(tool(case, "inspect", first, "--json"))
    expect(shown["job_id"] == case.id and shown["bytes"] > 0, str(shown))
    keyed = [op for op in shown["operators"] if op["keyed_states"]]
    expect(keyed and keyed[0]["key_groups"]["with_entries"] > 0, str(shown))
    expect_in(tool(case, "inspect", first), keyed[0]["uid"], "key groups have entries")
    for state in keyed[0]["keyed_states"]:
        entries = tool(case, "inspect", first, "--state", f"{keyed[0]['uid']}/{state['name']}")
        expect(all("key" in json.loads(line) for line in entries.splitlines()), entries)
    expect_in(
        tool(case, "inspect", first, "--state", "nobody/x", code=1),
        "no operator with the uid nobody; there are: ",
    )

    expect_in(tool(case, "verify", first), "all checksums match")
    expect(tool(case, "diff", first, first) == "", "a snapshot differs from itself")
    expect_in(tool(case, "diff", first, second, code=1), "/SourceReaderState: ")
    listed = tool(case, "checkpoints", directory)
    expect_in(listed, first, second)
    expect_in(tool(case, "checkpoints", case.path("checkpoints")), case.id, "  checkpoint  ")

    case.go_on_from(second, 3)
    files = first.removeprefix("file://")
    data = next((n for n in os.listdir(files) if n.startswith("data-")), "_metadata")
    with open(os.path.join(files, data), "r+b") as file:
        file.seek(10)
        byte = file.read(1)
        file.seek(10)
        file.write(bytes([byte[0] ^ 1]))
    expect_in(tool(case, "verify", first, code=1), "is damaged")


def test_what_is_left_over_is_removed_only_when_asked_for(case: Case) -> None:
    directory = case.path("savepoints")
    old = os.path.join(directory, "savepoint-000000-000000000001")
    new = os.path.join(directory, "savepoint-000000-000000000002")
    for made in (old, new):
        os.makedirs(made)
        open(os.path.join(made, "data-0-0000000000000001"), "w").close()
    for path in (old, os.path.join(old, "data-0-0000000000000001")):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    expect_in(tool(case, "checkpoints", directory, "--clean"), "left over", "nothing was removed")
    expect(os.path.isdir(old), "it was removed without --yes")
    tool(case, "checkpoints", directory, "--clean", "--yes")
    expect(not os.path.exists(old), "it was not removed")
    expect(os.path.isdir(new), "another process may still write it")


def rescale(case: Case, *extra: str) -> None:
    """A running job gets narrower and wider, and its results are right."""

    def widths() -> set[int]:
        return {v["parallelism"] for v in case.get(f"/jobs/{case.id}")["vertices"]}

    case.start(*extra)
    vertices = json.loads(tool(case, "rescale"))
    expect(all(v["parallelism"]["upperBound"] == 2 for v in vertices.values()), str(vertices))
    for slots in (1, 2, 1):
        expect_in(tool(case, "rescale", "--parallelism", str(slots)), f"at most {slots} slots")
        case.until(lambda: widths() == {slots})
    expect_in(tool(case, "rescale", "--parallelism", "3", code=1), "so 1 to 2 are possible")
    path = tool(case, "stop", "--directory", case.path("savepoints")).strip()
    expect(case.job.wait(SECONDS) == 0, case.job.tail())
    case.go_on_from(path, 3)


def test_a_job_in_one_process_is_rescaled(case: Case) -> None:
    rescale(case)


def test_a_job_on_workers_is_rescaled(case: Case) -> None:
    rescale(case, "--workers", "2")


def test_a_job_is_canceled(case: Case) -> None:
    case.start()
    expect_in(tool(case, "cancel"), case.id)
    expect(case.job.wait(SECONDS) == CANCELED, case.job.tail())


def test_snapshots_of_real_flinks_are_read(case: Case) -> None:
    for version in ("flink-1.20.0", "flink-2.3.0"):
        path = os.path.join(SAMPLES, version, "minimal")
        shown = json.loads(tool(case, "inspect", path, "--json"))
        expect(shown["written_by"] == "Flink", str(shown))
        op = next(each for each in shown["operators"] if each["keyed_states"])
        state = op["keyed_states"][0]["name"]
        entries = tool(case, "inspect", path, "--state", f"{op['id']}/{state}")
        found = {e["key"]: e["value"] for e in map(json.loads, entries.splitlines())}
        expect(found["carol"] == -7, str(found))
        expect_in(tool(case, "verify", path), "Flink stores no checksums")


def test_wrong_commands_are_refused(case: Case) -> None:
    expect_in(tool(case, "frobnicate", code=2), "no command frobnicate")
    expect_in(tool(case, "inspect", code=2), "weir inspect PATH")
    expect_in(tool(case, "list", code=2), "--rest")
    expect_in(tool(case, "inspect", case.path("nothing"), code=1), "nothing")
    expect_in(tool(case, "--help"), "savepoint", "inspect")


if __name__ == "__main__":
    sys.exit(run_cases(globals(), Case, 4000))
