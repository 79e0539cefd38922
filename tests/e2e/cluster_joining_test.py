#!/usr/bin/env python3
"""Checks, from the user's view, which processes may join a cluster: addresses, secrets, and
workers of other programs.

Usage: cluster_joining_test.py --build DIR [--only NAME]
"""

from __future__ import annotations

import shutil
import socket
import sys

from cluster_case import Case, free_port
from small_cases import FAILED, NOT_NOW, REFUSED, expect, expect_in, run_cases


def test_a_worker_may_come_before_the_coordinator(case: Case) -> None:
    port = free_port()
    worker = case.worker(port, "--slots", "2")
    case.expect_line(worker, "has no coordinator yet")
    coordinator, _ = case.coordinator(listen=f"127.0.0.1:{port}")
    case.expect_end(coordinator, 0)
    case.expect_end(worker, 0)
    case.expect_right_output()


def test_a_worker_of_another_graph_is_refused_and_another_is_taken(case: Case) -> None:
    coordinator, port = case.coordinator()
    stranger = case.worker(port, parallelism=1)
    expect_in(case.expect_end(stranger, FAILED), "refuses this worker", "another job graph")
    expect_in(
        case.expect_end(
            case.start(
                "--role",
                "worker",
                "--coordinator",
                f"127.0.0.1:{port}",
                "--input",
                case.source,
                program="word_count",
            ),
            FAILED,
        ),
        "refuses this worker",
        "'word count'",
        "'flights'",
    )
    worker = case.worker(port, "--slots", "2")
    expect_in(case.expect_end(coordinator, 0), "refused a worker")
    case.expect_end(worker, 0)
    case.expect_right_output()


def test_a_worker_of_another_build_is_refused(case: Case) -> None:
    other = case.path("flights-other-build")
    shutil.copy(case.flights, other)
    with open(other, "ab") as file:
        file.write(b"built on another day")
    _, port = case.coordinator()
    own, case.flights = case.flights, other
    stranger = case.worker(port)
    case.flights = own
    expect_in(
        case.expect_end(stranger, FAILED),
        "refuses this worker",
        "another build of the program",
        "the same executable",
    )


def test_a_worker_must_know_its_coordinator(case: Case) -> None:
    expect_in(
        case.expect_end(case.start("--role", "worker"), REFUSED),
        "--coordinator HOST:PORT",
        "high-availability.type",
    )


def test_a_worker_that_nobody_takes_ends_and_says_why(case: Case) -> None:
    port = free_port()
    log = case.expect_end(case.worker(port, "-D", "taskmanager.registration.timeout=1 s"), FAILED)
    expect_in(log, f"127.0.0.1:{port}", "Connection refused", "taskmanager.registration.timeout")


def test_a_port_that_is_taken_is_refused(case: Case) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        log = case.expect_end(
            case.start("--role", "coordinator", "--listen", f"127.0.0.1:{port}"), NOT_NOW
        )
    expect_in(log, "cannot listen", f"127.0.0.1:{port}", "in use")


def test_beyond_loopback_a_coordinator_needs_a_secret(case: Case) -> None:
    log = case.expect_end(case.start("--role", "coordinator", "--listen", "0.0.0.0:0"), REFUSED)
    expect_in(log, "0.0.0.0", "security.shared-secret.file")
    worker = case.start(
        "--role",
        "worker",
        "--coordinator",
        "127.0.0.1:1",
        "-D",
        "taskmanager.bind-host=0.0.0.0",
        "-D",
        "taskmanager.host=127.0.0.1",
    )
    expect_in(case.expect_end(worker, REFUSED), "0.0.0.0", "security.shared-secret.file")


def test_who_listens_on_all_addresses_must_say_by_which_to_be_reached(case: Case) -> None:
    worker = case.start(
        "--role", "worker", "--coordinator", "127.0.0.1:1", "-D", "taskmanager.bind-host=0.0.0.0"
    )
    expect_in(case.expect_end(worker, REFUSED), "taskmanager.host")
    coordinator = case.start(
        "--role",
        "coordinator",
        "--listen",
        "0.0.0.0:0",
        "-D",
        "high-availability.type=zookeeper",
        "-D",
        "high-availability.zookeeper.quorum=127.0.0.1:1",
    )
    expect_in(case.expect_end(coordinator, REFUSED), "jobmanager.rpc.address")


def test_with_a_shared_secret_a_coordinator_listens_beyond_loopback(case: Case) -> None:
    secret = [
        "-D",
        f"security.shared-secret.file={case.write('secret', 'correct horse battery staple')}",
    ]
    coordinator, port = case.coordinator(*secret, listen="0.0.0.0:0")
    workers = [
        case.worker(
            port, *secret, "-D", "taskmanager.bind-host=0.0.0.0", "-D", "taskmanager.host=127.0.0.1"
        )
        for _ in range(2)
    ]
    for run in [coordinator] + workers:
        case.expect_end(run, 0)
    case.expect_right_output()


def test_workers_of_one_host_have_a_secret_that_nobody_sees(case: Case) -> None:
    case.rate = 4000
    run = case.start("--workers", "2", "-D", "security.ssl.internal.truststore-password=swordfish")
    said = "listening for workers on 127.0.0.1:"
    case.expect_line(run, "RUNNING  records")
    port = next(line for line in run.lines if line.startswith(said))[len(said) :]
    for pid in case.children_of(run, 2):
        with open(f"/proc/{pid}/cmdline") as file:
            expect("swordfish" not in file.read(), "a password is in the command line of a worker")
        with open(f"/proc/{pid}/environ") as file:
            expect("swordfish" not in file.read(), "a password is in the environment of a worker")
    stranger = case.worker(port, "-D", "taskmanager.registration.timeout=1 s")
    expect_in(
        case.expect_end(stranger, FAILED), "asks for a shared secret and this process has none"
    )
    log = case.expect_end(run, 0)
    expect("swordfish" not in log, "a password was logged")
    expect("this cluster is open" not in log, log)
    case.expect_right_output()


def test_a_cluster_that_everybody_on_the_machine_can_join_says_so(case: Case) -> None:
    coordinator, port = case.coordinator()
    worker = case.worker(port, "--slots", "2")
    for run in (coordinator, worker):
        log = case.expect_end(run, 0)
        expect(log.count("this cluster is open: any user of this machine can join it") == 1, log)


def test_a_secret_that_others_may_read_is_refused(case: Case) -> None:
    secret = case.write("secret", "correct horse battery staple", mode=0o644)
    log = case.expect_end(
        case.start(
            "--role",
            "coordinator",
            "--listen",
            "127.0.0.1:0",
            "-D",
            f"security.shared-secret.file={secret}",
        ),
        REFUSED,
    )
    expect_in(log, "security.shared-secret.file", "has mode 0644", f"chmod 600 {secret}")


def test_a_worker_without_the_right_secret_is_told_so(case: Case) -> None:
    secret = [
        "-D",
        f"security.shared-secret.file={case.write('secret', 'correct horse battery staple')}",
    ]
    wrong = [
        "-D",
        f"security.shared-secret.file={case.write('wrong', 'incorrect horse battery staple')}",
    ]
    short = ["-D", "taskmanager.registration.timeout=1 s"]
    coordinator, port = case.coordinator(*secret)
    expect_in(
        case.expect_end(case.worker(port, *wrong, *short), FAILED), "security.shared-secret.file"
    )
    expect_in(
        case.expect_end(case.worker(port, *short), FAILED),
        "asks for a shared secret and this process has none",
    )
    worker = case.worker(port, *secret, "--slots", "2")
    case.expect_end(coordinator, 0)
    case.expect_end(worker, 0)
    case.expect_right_output()


if __name__ == "__main__":
    sys.exit(run_cases(globals(), Case, rows=12000))
