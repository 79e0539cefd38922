"""Cases of kafka_test.py: the command `weir kafka transactions`."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from kafka_security import PASSWORD, USER, expect_results, fill
from real_jobs import expect, expect_in

if TYPE_CHECKING:
    from kafka_test import Case


def weir(case: Case, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [os.path.join(case.build, "bin", "weir"), "kafka", "transactions", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    expect(done.returncode == code, f"{arguments}: {done.returncode} {done.stdout} {done.stderr}")
    return done.stdout + done.stderr


def listed(case: Case, *settings: str) -> list[str]:
    settings = settings or ("--brokers", case.kafka.servers)
    lines = weir(case, "list", "--prefix", f"{case.output}-", *settings).splitlines()
    return [line for line in lines if line.startswith(case.output)]


def newest_checkpoint(case: Case) -> str:
    paths = [
        path
        for path, _, names in os.walk(os.path.join(case.folder, "checkpoints"))
        if "_metadata" in names
    ]
    return max(paths, key=lambda path: int(path.rpartition("-")[2]))


def die_with_a_prepared_transaction(case: Case, *more: str) -> None:
    code, out = case.run("--stop", "latest", "--die-at-commit", "1", *more)
    expect(code == -signal.SIGKILL, f"{code}: {out}")
    expect_results(case, 0)


def commit_from_a_checkpoint(case: Case) -> None:
    fill(case)
    die_with_a_prepared_transaction(case)
    (line,) = listed(case)
    expect_in(line, "Ongoing", "of 900 s")
    brokers = ("--brokers", case.kafka.servers)
    for _ in range(2):
        out = weir(case, "commit", newest_checkpoint(case), *brokers)
        expect_in(out, "committed  records 15")
    expect(listed(case) == [], "a transaction is still open")
    expect_results(case)
    code, out = case.run("--stop", "latest", "--from", "latest")
    expect(code == 0, out)
    expect_results(case)


def abort_an_id(case: Case) -> None:
    fill(case)
    die_with_a_prepared_transaction(case)
    brokers = ("--brokers", case.kafka.servers)
    name = listed(case)[0].split()[0]
    expect_in(weir(case, "abort", name, *brokers), "--yes aborts it")
    expect(len(listed(case)) == 1, "aborted without --yes")
    expect_in(weir(case, "abort", name, *brokers, "--yes"), "aborted")
    expect(listed(case) == [], "not aborted")
    out = weir(case, "commit", newest_checkpoint(case), *brokers, code=1)
    expect_in(out, "1 of 1 transactions could not be committed")
    code, out = case.run("--stop", "latest", "--from", "latest", "-D", "restart-strategy.type=none")
    expect(code != 0, out)
    expect_in(out, f"the transaction '{name}' with 15 records of a completed checkpoint")
    expect_results(case, 0)


def scram_of_weirs_own_connections(case: Case) -> None:
    """Needs no librdkafka, so that a new broker accepts it."""
    fill(case)
    die_with_a_prepared_transaction(case)
    home = case.kafka.env["WEIR_TEST_KAFKA_HOME"]
    config = os.path.join(case.folder, "client.properties")
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
        with open(config, "w") as file:
            file.write(
                f"# of a test\nsecurity.protocol = SASL_SSL\nsasl.mechanisms={mechanism}\n"
                f"sasl.username={USER}\nsasl.password={PASSWORD}\nssl.ca.location={home}/ca.pem\n"
            )
        brokers = ("--brokers", case.kafka.env["WEIR_TEST_KAFKA_SASLTLS"])
        expect(len(listed(case, *brokers, "--command-config", config)) == 1, "not listed")
    with open(config, "a") as file:
        file.write("sasl.password=wrong\n")
    out = weir(case, "list", *brokers, "--command-config", config, code=1)
    expect_in(out, "cannot log in", "uthentication")


def wrong_command_lines(case: Case) -> None:
    servers = ("--brokers", case.kafka.servers)
    for wrong in (
        ("list", "x", *servers),
        ("commit", *servers),
        ("forget", *servers),
        ("list",),
        ("list", *servers, "--command-config", "/no/such/file"),
    ):
        weir(case, *wrong, code=2)
    out = weir(case, "abort", "no-such-id", *servers, code=1)
    expect_in(out, "there is no transactional id 'no-such-id'")


CASES = [
    commit_from_a_checkpoint,
    abort_an_id,
    scram_of_weirs_own_connections,
    wrong_command_lines,
]
