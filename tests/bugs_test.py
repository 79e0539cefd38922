#!/usr/bin/env python3
"""Checks that every deliberate mistake of src/base/bug_switch.h makes a test fail. The seeds of sim/
hunt most of them. This switches on each of the others in a unit test.

bugs_test.py --source DIR --build DIR
"""

from __future__ import annotations

import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

# Mistakes that seeds may not find, by the unit test that does. The first part is the module.
UNIT_TESTS = {
    # Needs a record that was announced before a checkpoint and came after it, in a new subtask.
    "broadcast_state_not_copied": "checkpoint:RestorePlan.CopiesOfABroadcastStateAreDealtInTurn",
    # A start must be canceled while a later one has no checkpoint of its own.
    "earlier_start_deletes": "checkpoint:Coordinator.CanceledStartDeletesNothingOfALaterStart",
    # A start must commit between the two steps in which a later one takes output back.
    "commit_during_removal_kept": "connectors:FileSinkTest.GoingBackRemovesWhatAnEarlierStartCommitsMeanwhile",
    # Few pages are replaced while a small snapshot is read.
    "replaced_pages_kept": "state:StateMemory.IsFreedEvenIfNothingIsWrittenAfterASnapshot",
    # A deposed leader must continue just while the next one writes its first checkpoint.
    "files_of_next_leader_removed": "checkpoint:Coordinator.SupersededCoordinatorRemovesOnlyItsOwnFilesFromASharedDirectory",
    # Other rules cover these in a whole cluster.
    "deposed_leader_obeyed": "cluster:WorkerTest.DoesNotServeACoordinatorOfAnEarlierEpoch",
    "late_message_of_earlier_attempt": "cluster:JobAttemptTest.IgnoresMessagesOfAnotherAttempt",
    "start_before_all_deployed": "cluster:JobMasterTest.RunsWhenAllSlotsAreRegisteredAndDeployed",
    "restart_before_all_left": "cluster:JobMasterTest.DeploysOnlyAfterTheOldAttemptHasLeftEveryWorker",
    "orphans_removed_at_open": "connectors:SinkOperator.RemovesOrphansFoundAtItsStartOnlyWhenItRuns",
    # Late records may be dropped, so no output shows that a watermark is missing.
    "overtaken_watermark_lost": "runtime:InFlight.WatermarksAndIdlenessInFlightAreRestored",
    # A worker must hear of an abort later than of the next barrier.
    "older_barrier_counts": "runtime:BarrierTracker.LateBarrierOfAnOlderCheckpointIsDropped",
    # Jobs have few records in flight by key when they restore at another parallelism.
    "in_flight_of_wrong_key_group": "runtime:InFlight.EveryEdgeGivesEachRecordOnceAtAnyParallelism",
    # Few seeds restore from a group that was rewritten after a key of it was removed.
    "superseded_state_read": "runtime:IncrementalSnapshot.RestoresAtAnyParallelismWhateverFailedBefore",
}
SLOWEST = 120  # seconds


def read(*path: str) -> str:
    with open(os.path.join(*path)) as file:
        return re.sub(r"//[^\n]*", "", file.read())


def names_of_bugs(source: str) -> dict[str, str]:
    """The name of each enumerator, in order."""
    header = read(source, "src/base/bug_switch.h")
    enumerators = re.findall(r"\b(k[A-Z]\w*),", header[header.index("enum class Bug") :])
    table = read(source, "src/base/bug_switch.cc")
    begin = table.index("kNames = {")
    names = re.findall(r'"(\w+)"', table[begin : table.index("};", begin)])
    assert enumerators.pop() == "kCount" and len(enumerators) == len(names)
    return dict(zip(enumerators, names, strict=False))


def hunted(source: str, bugs: dict[str, str]) -> set[str]:
    """The enumerators that some other test switches on."""
    enumerators = list(bugs)
    swarm = read(source, "sim/bugs_test.cc")
    rare = swarm.index("bool too_rare")
    rare_end = swarm.index("\n}\n", rare)
    found = set(enumerators[: enumerators.index("kCreditLost")])
    found -= set(re.findall(r"Bug::(k\w+)", swarm[rare:rare_end]))
    text = swarm[rare_end:] + read(source, "sim/fleet_bugs_test.cc")
    for path in glob.glob(os.path.join(source, "src/**/*_test.cc"), recursive=True):
        text += "".join(re.findall(r"enable_bug\([^)]*\)", read(path)))
    return found | set(re.findall(r"Bug::(k\w+)", text))


def passes(build: str, test: str, bug: str) -> bool:
    module, name = test.split(":")
    program = os.path.join(build, "bin", f"weir_{module}_test")
    run = subprocess.run(
        [program, f"--gtest_filter={name}"],
        env={**os.environ, "WEIR_BUG": bug},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SLOWEST,
    )
    assert "Running 1 test from" in run.stdout, f"{test} does not exist:\n{run.stdout}"
    return run.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    bugs = names_of_bugs(args.source)
    problems = []
    elsewhere = hunted(args.source, bugs)
    for enumerator, name in bugs.items():
        if (enumerator in elsewhere) == (name in UNIT_TESTS):
            problems.append(
                f"{name}: seeds hunt it, so it needs no unit test here"
                if name in UNIT_TESTS
                else f"{name}: no test looks for it"
            )
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        with_bug = pool.map(lambda each: passes(args.build, each[1], each[0]), UNIT_TESTS.items())
        without = pool.map(lambda test: passes(args.build, test, ""), UNIT_TESTS.values())
        for (name, test), unnoticed, good in zip(
            UNIT_TESTS.items(), with_bug, without, strict=False
        ):
            if unnoticed:
                problems.append(f"{test} passes although {name} is switched on")
            if not good:
                problems.append(f"{test} fails")
    for problem in problems:
        print(problem)
    checked = len(bugs)
    print(f"{checked - min(checked, len(problems))} passed, {len(problems)} failed")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
