"""Cases of flink_host_test.py: faults of jobs and of processes."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable

import flights_cluster
import flink_cluster
from flink_suite import END_SECONDS, RATE, Suite, check, create, kill_taskmanager


def clean(suite: Suite) -> None:
    place = suite.place()
    job = suite.submit(place, rate=5 * RATE)
    suite.finished(job)
    suite.check_output(place)
    check(suite.flink.completed(job) >= 3, "it took no checkpoints")
    vertices = suite.flink.vertices(job)
    check(
        len(vertices) == 2 and vertices[0]["name"].startswith("Source: flights"),
        f"the vertices are {[v['name'] for v in vertices]}",
    )
    check(
        vertices[0]["metrics"]["write-records"] > 0 and vertices[1]["metrics"]["read-records"] > 0,
        f"no records were counted: {vertices}",
    )


def exception(suite: Suite) -> None:
    before = suite.flink.pids()
    job, place = suite.broken("throw", "--between")
    said = suite.failed_with(job)
    check(
        "thrown by the test" in said and "delays" in said,
        f"Flink does not say what was thrown, and where:\n{said[:2000]}",
    )
    suite.finished(job)
    suite.same_taskmanagers(before)
    suite.check_output(place)


def segmentation_fault(suite: Suite) -> None:
    before = suite.flink.pids()
    job, place = suite.broken("segv")
    said = suite.failed_with(job)
    check("SIGSEGV" in said, f"Flink does not name the signal:\n{said[:2000]}")
    check("breaking_flights(" in said, f"Flink has no back trace:\n{said[:4000]}")
    check(
        any(
            "was ended by signal 11 (SIGSEGV)" in suite.flink.log(name)
            for name in before
            if name.startswith("taskmanager")
        ),
        "what the chain wrote is not in a TaskManager's log",
    )
    suite.finished(job)
    suite.same_taskmanagers(before)
    suite.check_output(place)


def checkpoint_lost(suite: Suite) -> None:
    """A checkpoint that a chain cannot write counts as failed, which the job may tolerate;
    nothing is restarted.
    """
    place = suite.place()
    when = suite.scratch_file("break")
    job = suite.unhurried(
        place,
        "--break",
        "lose-checkpoint",
        "--when",
        when,
        "-D",
        "execution.checkpointing.tolerable-failed-checkpoints=5",
    )
    suite.checkpointed(job)
    chains = suite.flink.chains()
    create(when)
    suite.flink.wait(
        "the checkpoint's failure",
        lambda: suite.flink.checkpoints(job)["latest"]["failed"],
        30,
        job,
    )
    check(
        "lost by the test" in suite.flink.log("jobmanager"),
        "the JobManager's log does not say why the checkpoint failed",
    )
    suite.checkpointed(job, suite.flink.completed(job) + 2)
    check(
        len(chains) == 4 and suite.flink.chains() == chains and not suite.flink.exceptions(job),
        f"it was started again; processes before: {chains}",
    )
    suite.finished(
        suite.submit(
            place,
            "e2e_breaking_flights",
            start=suite.flink.stop_with_savepoint(job, place.uri("savepoints")),
        )
    )
    suite.check_output(place)


def taskmanager_killed(suite: Suite) -> None:
    place = suite.place()
    job = suite.unhurried(place)
    suite.checkpointed(job)
    suite.hurry()
    kill_taskmanager(suite, job)
    suite.finished(job)
    suite.check_output(place)


def jobmanager_killed(suite: Suite) -> None:
    """With high availability another JobManager continues the job from its last checkpoint."""
    with contextlib.ExitStack() as stack:
        zookeeper = (
            os.environ.get("WEIR_TEST_ZOOKEEPER")
            or stack.enter_context(flights_cluster.RealSystem("zookeeper.py")).env[
                "WEIR_TEST_ZOOKEEPER"
            ]
        )
        place = suite.place()
        settings = {
            "high-availability.type": "zookeeper",
            "high-availability.zookeeper.quorum": zookeeper,
            "high-availability.zookeeper.path.root": f"/weir-flink-{os.getpid()}",
            "high-availability.storageDir": place.uri("ha"),
            "high-availability.zookeeper.client.session-timeout": "2000",
        }
        flink = stack.enter_context(
            flink_cluster.FlinkCluster(
                suite.version, options=[o for k, v in settings.items() for o in ("-D", f"{k}={v}")]
            )
        )
        there = Suite(suite.build, flink, suite.scratch, suite.version + "-ha")
        job = there.unhurried(place)
        there.checkpointed(job)
        there.hurry()
        taken = flink.completed(job)
        flink.kill("jobmanager")
        flink.revive("jobmanager")
        flink.wait("the job in the new JobManager", lambda: job in flink.jobs(), 60)
        there.finished(job)
        restored = flink.checkpoints(job)["latest"]["restored"]
        check(
            restored and restored["id"] >= taken,
            f"after checkpoint {taken} it went on from {restored}",
        )
        there.check_output(place)


def hanging_chain_canceled(suite: Suite) -> None:
    before = suite.flink.pids()
    job, _ = suite.broken("hang")
    time.sleep(0.5)
    began = time.monotonic()
    suite.flink.cancel(job, 20)
    took = time.monotonic() - began
    check(took < 15, f"the cancellation took {took:.1f} s")
    suite.same_taskmanagers(before)


def noticed(suite: Suite, bug: str) -> bool:
    """True if a job that fails and continues gives a wrong result with this bug switched on."""
    place = suite.place()
    job, _ = suite.broken("throw", "--between", "--bug", bug, place=place)
    suite.flink.wait(
        "its end",
        lambda: suite.flink.state(job) in flink_cluster.ENDED
        or len(suite.flink.exceptions(job)) > 3,
        END_SECONDS,
    )
    return (
        suite.flink.state(job) != "FINISHED" or suite.difference(place) != ""
    )  # or it cannot continue


def restore_left_out(suite: Suite) -> None:
    check(noticed(suite, "hosted_state_not_restored"), "it was not noticed")


def flush_left_out(suite: Suite) -> None:
    """Records are buffered for 10 ms at most, so there may be none to lose at the last barrier
    before the fault: hence several tries.
    """
    check(
        any(noticed(suite, "hosted_barrier_not_flushed") for _ in range(6)),
        "it was not noticed in six tries",
    )


CASES: list[Callable[[Suite], None]] = [
    clean,
    exception,
    segmentation_fault,
    checkpoint_lost,
    taskmanager_killed,
    jobmanager_killed,
    hanging_chain_canceled,
    restore_left_out,
    flush_left_out,
]
