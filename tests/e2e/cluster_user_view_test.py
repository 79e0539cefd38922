#!/usr/bin/env python3
"""Checks a job in several processes from the user's view: the same results, refusals in sentences,
exit codes, and no process left behind. The cases with high availability need the ZooKeeper that
WEIR_TEST_ZOOKEEPER names (tools/real/zookeeper.py), and are skipped without it.

Usage: cluster_user_view_test.py --build DIR [--only NAME]
"""

from __future__ import annotations

import os
import signal
import sys

from cluster_case import SOON, Case, children, wait_until
from small_cases import FAILED, LEFT, REFUSED, expect, expect_in, run_cases


def zookeeper(case: Case) -> list[str] | None:
    """The settings for a cluster of this case; None if there is no ZooKeeper."""
    quorum = os.environ.get("WEIR_TEST_ZOOKEEPER")
    if not quorum:
        return None
    return [
        "-D",
        "high-availability.type=zookeeper",
        "-D",
        f"high-availability.zookeeper.quorum={quorum}",
        "-D",
        f"high-availability.zookeeper.path.root=/weir-view-{os.getpid()}-{os.path.basename(case.scratch)}",
        "-D",
        "high-availability.zookeeper.client.session-timeout=2 s",
    ]


def test_workers_give_what_one_process_gives(case: Case) -> None:
    run = case.start("--workers", "2")
    log = case.expect_end(run, 0)
    expect_in(log, "listening for workers on 127.0.0.1:", "FINISHED")
    case.expect_right_output()


def test_workers_without_checkpoints_write_their_results_at_the_end(case: Case) -> None:
    run = case.start(
        program="flights",
        *[
            "--input",
            case.source,
            "--output",
            case.place.uri("out"),
            "--workers",
            "2",
            "--parallelism",
            "2",
        ],
    )
    case.expect_end(run, 0)
    case.expect_right_output()


def test_workers_may_have_several_slots(case: Case) -> None:
    run = case.start("--workers", "2", "--slots", "2", parallelism=4)
    log = case.expect_end(run, 0)
    expect_in(log, "has registered with 2 slots", "4 of 4 wanted")
    case.expect_right_output()


def test_a_run_of_workers_goes_on_as_one_process_and_back(case: Case) -> None:
    case.rate = 3000
    first = case.start("--workers", "2")
    case.expect_line(first, "  checkpoint ")
    first.kill_after(0)
    second = case.start(parallelism=3)
    case.expect_line(second, "  checkpoint ")
    expect_in("\n".join(second.lines), "restoring from")
    second.kill_after(0)
    case.expect_end(case.start("--workers", "3", parallelism=3), 0)
    case.expect_right_output()


def test_records_that_cannot_be_serialized_stay_in_one_process(case: Case) -> None:
    program = "e2e_unserializable"
    expect_in(
        case.expect_end(case.start("--workers", "2", program=program), REFUSED),
        "weir cannot serialize",
        "WEIR_FIELDS",
    )
    expect_in(
        case.expect_end(
            case.start("--role", "worker", "--coordinator", "127.0.0.1:1", program=program), REFUSED
        ),
        "weir cannot serialize",
    )
    case.expect_end(case.start(program=program), 0)


def test_bad_input_is_refused_and_leaves_no_process(case: Case) -> None:
    case.source = case.path("nothing")
    run = case.start("--workers", "2")
    expect_in(case.expect_end(run, REFUSED), "cannot read the input", "nothing")
    expect(not children(run.process.pid), "children are left")


def test_a_failure_in_a_worker_fails_the_job_and_names_the_place(case: Case) -> None:
    os.mkdir(case.path("in"))
    with open(os.path.join(case.source, sorted(os.listdir(case.source))[0])) as file:
        lines = file.readlines()[:3]
    with open(case.path("in", "a.csv"), "w") as file:
        file.writelines(lines + ["2013,1,1\n"])
    case.source = case.path("in")
    run = case.start("--workers", "2", "-D", "restart-strategy.type=none")
    expect_in(
        case.expect_end(run, FAILED),
        "a.csv cannot be used: it has 3 fields, but there are 19 columns",
    )


def ends_by(case: Case, number: int) -> None:
    case.rate = 2000
    run = case.start("--workers", "3", parallelism=3)
    workers = case.children_of(run, 3)
    case.expect_line(run, "RUNNING  records")
    run.process.send_signal(number)
    case.expect_end(run, LEFT, SOON)
    case.expect_gone(workers)


def test_termination_ends_every_process_and_the_job_can_go_on(case: Case) -> None:
    ends_by(case, signal.SIGTERM)
    case.expect_end(case.start("--workers", "2"), 0)
    case.expect_right_output()


def test_an_interrupt_ends_every_process(case: Case) -> None:
    ends_by(case, signal.SIGINT)


def test_a_worker_that_is_told_to_end_leaves_and_the_job_goes_on(case: Case) -> None:
    case.rate = 4000
    coordinator, port = case.coordinator()
    first, second = case.worker(port), case.worker(port)
    case.expect_line(coordinator, "RUNNING  records")
    first.terminate()
    case.expect_end(first, LEFT, SOON)
    case.expect_end(coordinator, 0)
    case.expect_end(second, 0)
    case.expect_right_output()


def test_no_worker_outlives_a_coordinator_that_is_killed(case: Case) -> None:
    case.rate = 2000
    run = case.start("--workers", "3", parallelism=3)
    workers = case.children_of(run, 3)
    case.expect_line(run, "RUNNING  records")
    run.kill_after(0)
    case.expect_gone(workers)


def test_a_killed_worker_is_started_again_and_the_job_goes_on(case: Case) -> None:
    case.rate = 4000
    run = case.start("--workers", "2")
    workers = case.children_of(run, 2)
    case.expect_line(run, "RUNNING  records")
    victim = min(workers)
    os.kill(victim, signal.SIGKILL)
    case.expect_line(run, f"worker process {victim} was ended by signal 9")
    log = case.expect_end(run, 0)
    expect_in(log, "it is started again", "restoring from", "restarts 1")
    case.expect_right_output()


def test_workers_find_a_coordinator_that_was_started_again(case: Case) -> None:
    case.rate = 4000
    coordinator, port = case.coordinator()
    workers = [case.worker(port), case.worker(port)]
    case.expect_line(coordinator, "  checkpoint ")
    coordinator.kill_after(0)
    again, _ = case.coordinator(listen=f"127.0.0.1:{port}")
    for run in [again] + workers:
        case.expect_end(run, 0)
    expect_in("\n".join(again.lines), "restoring from")
    case.expect_right_output()


def test_a_job_narrows_when_a_worker_is_gone_and_widens_when_another_comes(case: Case) -> None:
    case.rate = 2500
    coordinator, port = case.coordinator()
    workers = [case.worker(port), case.worker(port)]
    case.expect_line(coordinator, "  checkpoint ")
    workers[0].kill_after(0)
    case.expect_line(coordinator, "running on 1 of the 2 slots wanted")
    workers.append(case.worker(port))
    case.expect_line(coordinator, "continuing on 2 instead of 1")
    for run in [coordinator] + workers[1:]:
        case.expect_end(run, 0)
    case.expect_right_output()


def test_a_fixed_job_waits_for_its_slots(case: Case) -> None:
    fixed = ["-D", "jobmanager.scheduler=fixed"]
    case.rate = 2500
    coordinator, port = case.coordinator(*fixed)
    workers = [case.worker(port, *fixed), case.worker(port, *fixed)]
    case.expect_line(coordinator, "  checkpoint ")
    workers[0].kill_after(0)
    case.expect_line(coordinator, "waiting for workers: 1 of 2 slots")
    workers.append(case.worker(port, *fixed))
    for run in [coordinator] + workers[1:]:
        log = case.expect_end(run, 0)
        expect("slots wanted, from the last checkpoint" not in log, f"it ran on fewer\n{log}")
    case.expect_right_output()


def test_a_worker_that_survives_reads_its_own_copy_of_its_state(case: Case) -> None:
    copies = case.path("copies")
    os.mkdir(copies)
    local = [
        "-D",
        "execution.state-recovery.from-local=true",
        "-D",
        f"io.tmp.dirs={copies}",
        "-D",
        "execution.checkpointing.data-inline-threshold=0 b",
    ]
    case.rate = 4000
    coordinator, port = case.coordinator(*local)
    workers = [case.worker(port, *local), case.worker(port, *local)]
    case.expect_line(coordinator, "  checkpoint ")
    expect(
        wait_until(lambda: len(os.listdir(copies)) == 2), f"two workers keep {os.listdir(copies)}"
    )
    workers[0].kill_after(0)
    workers.append(case.worker(port, *local))
    case.expect_line(workers[1], "is read from this machine's copy")
    for run in [coordinator] + workers[1:]:
        case.expect_end(run, 0)
    expect(
        "is read from this machine's copy" not in "\n".join(workers[2].lines),
        "the new worker has a copy of another's state",
    )
    expect(not os.listdir(copies), f"copies are left: {os.listdir(copies)}")
    case.expect_right_output()


def test_a_paused_worker_that_was_deployed_to_harms_nothing_when_it_wakes(case: Case) -> None:
    case.rate = 1000
    quick = ["-D", "heartbeat.interval=200 ms", "-D", "heartbeat.timeout=1500 ms"]
    coordinator, port = case.coordinator(*quick)
    workers = [case.worker(port, *quick), case.worker(port, *quick)]
    case.expect_line(coordinator, "  checkpoint ")
    spare = case.worker(port, *quick)
    case.expect_line(coordinator, "has registered with 1 slots; 3 of 2 wanted")
    spare.process.send_signal(signal.SIGSTOP)
    workers[0].kill_after(0)  # the restart, on the remaining workers, includes the paused one
    case.expect_line(coordinator, "nothing was heard from it for 1500 ms")
    before = set(case.place.names("out"))
    workers.append(case.worker(port, *quick))
    expect(
        wait_until(lambda: len(set(case.place.names("out")) - before) >= 8),
        f"no more results\n{coordinator.tail(40)}",
    )
    # Hidden files lose their names when they are committed.
    committed = {name for name in case.place.names("out") if not name.startswith(".")}
    spare.process.send_signal(signal.SIGCONT)
    case.expect_line(spare, "has lost its coordinator")
    for run in [coordinator, spare] + workers[1:]:
        case.expect_end(run, 0)
    expect(
        committed <= set(case.place.names("out")),
        f"taken back: {sorted(committed - set(case.place.names('out')))}\n{spare.tail()}",
    )
    case.expect_right_output()


def test_under_high_availability_a_finished_job_does_not_run_twice(case: Case) -> None:
    ha = zookeeper(case)
    if ha is None:
        return
    for run in [
        case.start("--role", "coordinator", "--listen", "127.0.0.1:0", *ha),
        case.start("--role", "worker", "--slots", "2", *ha),
    ]:
        case.expect_end(run, 0)
    case.expect_right_output()
    before = case.place.names("out")
    again = [
        case.start("--role", "coordinator", "--listen", "127.0.0.1:0", *ha),
        case.start("--role", "worker", "--slots", "2", *ha),
    ]
    expect_in(case.expect_end(again[0], 0), "the job has ended before", "FINISHED")
    again[1].terminate()  # a worker that comes after all others are gone gets no answer
    again[1].wait(SOON)
    expect(case.place.names("out") == before, "the part files changed")


def test_under_high_availability_a_standby_leaves_when_it_is_told_to(case: Case) -> None:
    ha = zookeeper(case)
    if ha is None:
        return
    leader = case.start("--role", "coordinator", "--listen", "127.0.0.1:0", *ha)
    case.expect_line(leader, "this coordinator leads now")
    standby = case.start("--role", "coordinator", "--listen", "127.0.0.1:0", *ha)
    case.expect_line(standby, "listening for workers on")
    standby.terminate()
    case.expect_end(standby, LEFT, SOON)
    worker = case.start("--role", "worker", "--slots", "2", *ha)
    case.expect_end(leader, 0)
    case.expect_end(worker, 0)
    case.expect_right_output()


def test_high_availability_without_servers_is_refused(case: Case) -> None:
    for role in (["--role", "coordinator", "--listen", "127.0.0.1:0"], ["--role", "worker"]):
        expect_in(
            case.expect_end(case.start(*role, "-D", "high-availability.type=zookeeper"), REFUSED),
            "high-availability.zookeeper.quorum",
        )


if __name__ == "__main__":
    sys.exit(run_cases(globals(), Case, rows=12000))
