#!/usr/bin/env python3
"""The Kafka source and sink against a real broker, which this test starts.

Usage: kafka_test.py --build DIR [--only CASE]
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import sys
import time
from typing import Any

import kafka_avro
import kafka_security
import kafka_transactions
from kafka_world import Kafka, counted, numbered
from real_jobs import (
    NOT_NOW,
    REFUSED,
    Job,
    completed,
    expect,
    expect_in,
    run_cases,
    wait_for,
)


class Case:
    def __init__(self, build: str, kafka: Kafka, folder: str, name: str) -> None:
        self.build, self.kafka, self.folder = build, kafka, folder
        self.input, self.output = f"{name}-in", f"{name}-out"

    def job(self, *arguments: str, output: bool = True, **options: Any) -> Job:
        flags = {"--servers": self.kafka.servers, "--prefix": self.output, "--in": self.input}
        if output:
            flags["--out"] = self.output
        common = [word for flag in flags.items() if flag[0] not in arguments for word in flag]
        return Job(self.build, self.folder, *common, *arguments, **options)

    def run(self, *arguments: str, **options: Any) -> tuple[int, str]:
        """Exit code and output of a job that ends."""
        return self.job(*arguments, **options).wait()

    def printed(self, *arguments: str) -> list[str]:
        code, out = self.run(*arguments, "--stop", "latest", output=False)
        expect(code == 0, out)
        shutil.rmtree(os.path.join(self.folder, "checkpoints"), ignore_errors=True)
        return [line for line in out.splitlines() if line.startswith("k")]


def bounded_job_reads_each_message_once(case: Case) -> None:
    case.kafka.topic(case.input, 3)
    case.kafka.topic(case.output, 2)
    case.kafka.produce(case.input, numbered(5, 0, 40))
    for guarantee in ("at-least-once", "exactly-once"):
        code, out = case.run(
            "--stop", "latest", "--guarantee", guarantee, "--parallelism", "2", "--from", "none"
        )
        expect(code == 0, out)
        code, out = case.run("--stop", "latest", "--guarantee", guarantee, checkpoints=False)
        expect(code == 0, out)
    found = sorted(case.kafka.values(case.output))
    expect(found == sorted(4 * counted(5, 40)), f"{len(found)} results: {found[:5]}")


def restored_job_continues_at_any_parallelism(case: Case) -> None:
    case.kafka.topic(case.input, 4)
    case.kafka.topic(case.output, 2)
    last = 0
    for parallelism in ("2", "3", "1"):
        case.kafka.produce(case.input, numbered(6, last, last + 30))
        last += 30
        job = case.job("--parallelism", parallelism, "--from", "latest")
        try:
            wait_for("results", lambda: len(case.kafka.values(case.output)) >= 6 * last)
        except AssertionError as e:
            raise AssertionError(f"{e}:\n{job.log()[-3000:]}") from e
        finally:
            job.end()
    expect(sorted(case.kafka.values(case.output)) == counted(6, last), "other results")


def parts_of_messages(case: Case) -> None:
    case.kafka.topic(case.input, 1)
    case.kafka.kcat("-P", "-t", case.input, "-K", ":", "-H", "h=1", "-H", "h=2", text="a:b\n")
    case.kafka.kcat("-P", "-t", case.input, "-K", ":", "-Z", text="c:\n")
    case.kafka.kcat("-P", "-t", case.input, text="keyless\n")
    code, out = case.run("--stop", "latest", "--details", output=False)
    expect(code == 0, out)
    expect_in(
        out,
        f"{case.input} 0 0 a b h=1 h=2 timed",
        f"{case.input} 0 1 c null timed",
        f"{case.input} 0 2 null keyless timed",
    )


def starting_offsets(case: Case) -> None:
    case.kafka.topic(case.input, 1)
    case.kafka.produce(case.input, ["k0 0", "k0 1"])
    time.sleep(0.05)
    between = int(time.time() * 1000)
    time.sleep(0.05)
    case.kafka.produce(case.input, ["k0 2", "k0 3"])
    expect(case.printed("--start", "earliest")[-1] == "k0 4 3", "earliest")
    expect(case.printed("--start", f"offset={case.input}:0:3") == ["k0 1 3"], "explicit")
    expect(case.printed("--start", f"time={between}")[0] == "k0 1 2", "timestamp")
    expect(case.printed("--start", "latest") == [], "latest")
    code, out = case.run("--start", "committed", "--group", case.input, output=False)
    expect(code == REFUSED, out)
    expect_in(out, "the group has committed none", "OffsetResetStrategy")
    expect(case.printed("--start", "committed-or-latest", "--group", case.input) == [], "reset")
    # "latest" is found once: messages that arrive while the job is down are not skipped.
    job = case.job("--start", "latest", output=False)
    wait_for("a checkpoint", lambda: completed(case.folder))
    job.end()
    case.kafka.produce(case.input, ["k0 4"])
    job = case.job("--start", "latest", "--from", "latest", output=False)
    try:
        wait_for("the message", lambda: job.has("^k0 1 4"))
    finally:
        job.end()


def offsets_of_completed_checkpoints_are_committed(case: Case) -> None:
    case.kafka.topic(case.input, 1)
    case.kafka.produce(case.input, numbered(1, 0, 7))
    job = case.job("--group", case.input, output=False)
    try:
        wait_for("messages", lambda: job.has("^k0 7 6"))
        before = completed(case.folder)[-1:]
        wait_for("checkpoints", lambda: completed(case.folder)[-1:] > before)
        time.sleep(0.5)
    finally:
        job.end()
    case.kafka.produce(case.input, ["k0 7"])
    expect(
        case.printed("--start", "committed", "--group", case.input, "--from", "none") == ["k0 1 7"],
        "the group's offsets are others",
    )


def new_partitions_are_read_from_their_beginning(case: Case) -> None:
    case.kafka.topic(case.input, 1)
    job = case.job("--start", "latest", "--parallelism", "2", output=False)
    try:
        wait_for("a checkpoint", lambda: completed(case.folder))
        case.kafka.do("grow", case.input, "--partitions", "3")
        for partition in ("1", "2"):
            case.kafka.kcat("-P", "-t", case.input, "-p", partition, text=f"k{partition} 0\n")
        wait_for("messages", lambda: job.has("k1 1 0$") and job.has("k2 1 0$"))
        before = completed(case.folder)[-1]
        wait_for("checkpoints", lambda: completed(case.folder)[-1] > before + 1)
    finally:
        job.end()
    case.kafka.kcat("-P", "-t", case.input, "-p", "2", text="k2 1\n")
    job = case.job("--start", "latest", "--from", "latest", output=False)
    try:
        wait_for("the next message", lambda: job.has("^k2 2 1"))
        expect(not job.has("k1 1 0$"), "a message was read twice")
    finally:
        job.end()


def topics_by_pattern(case: Case) -> None:
    for name in ("a", "b", "other"):
        case.kafka.topic(f"{case.input}.{name}", 1)
        case.kafka.produce(f"{case.input}.{name}", [f"k{name} 0"])
    job = case.job("--in", f"~{case.input}\\.[a-c]", output=False)
    try:
        wait_for("both topics", lambda: job.has("^ka 1") and job.has("^kb 1"))
        case.kafka.topic(f"{case.input}.c", 1)
        case.kafka.produce(f"{case.input}.c", ["kc 0"])
        wait_for("the new topic", lambda: job.has("^kc 1"))
        expect(not job.has("^kother"), "a topic that does not match was read")
    finally:
        job.end()


def expired_offset_is_an_error_unless_declared(case: Case) -> None:
    case.kafka.topic(case.input, 1)
    case.kafka.produce(case.input, numbered(1, 0, 10))
    case.kafka.do("truncate", case.input, "0", "6")
    start = ["--start", f"offset={case.input}:0:2", "--stop", "latest"]
    code, out = case.run(*start, "-D", "restart-strategy.type=none", output=False)
    expect(code == 1, out)
    expect_in(out, f"{case.input}-0 from offset 2", "messages are lost", "auto.offset.reset")
    code, out = case.run(*start, "--source-properties", "auto.offset.reset=earliest", output=False)
    expect(code == 0, out)
    expect_in(out, "k0 1 6")


def poison_messages(case: Case) -> None:
    case.kafka.topic(case.input, 1)
    case.kafka.produce(case.input, ["k0 0", "k0 bad", "k0 1"])
    code, out = case.run("--stop", "latest", output=False)
    expect(code == 1, out)
    expect_in(
        out,
        f"the message at offset 1 of {case.input}-0 cannot be deserialized",
        "it is not KEY NUMBER",
        "'k0 bad'",
    )
    expect(case.printed("--skip-poison", "--from", "none") == ["k0 1 0", "k0 2 1"], "not skipped")
    dead = f"{case.input}-dead"
    case.kafka.topic(dead, 1)
    printed = case.printed("--dead-letters", dead, "--from", "none")
    expect(printed == ["k0 1 0", "k0 2 1"], f"{printed}")
    expect(case.kafka.values(dead) == ["k0 bad: it is not KEY NUMBER -1 1"], "other dead letters")


def transactions_of_others(case: Case) -> None:
    """Aborted messages are not read, and markers behind the last message do not hold the end."""
    case.kafka.topic(case.input, 1)
    case.kafka.produce(case.input, ["k0 0"], "-X", "transactional.id=t")
    case.kafka.produce(case.input, ["k0 1"], "-X", "transactional.id=t")
    expect(case.printed() == ["k0 1 0", "k0 2 1"], "other messages")


def rate_is_limited(case: Case) -> None:
    case.kafka.topic(case.input, 2)
    case.kafka.produce(case.input, numbered(2, 0, 40))
    begin = time.monotonic()
    found = case.printed("--rate", "40")
    seconds = time.monotonic() - begin
    expect(sorted(found) == counted(2, 40), f"{found}")
    expect(seconds > 1.5, f"80 messages at 40 a second took only {seconds} s")


def partition_that_is_held_back_is_not_idle(case: Case) -> None:
    """An open transaction in one partition holds back event time, though the other goes on."""

    def send(partition: int, value: str) -> None:
        case.kafka.kcat("-P", "-t", case.output, "-p", str(partition), text=f"{value}\n")

    case.kafka.topic(case.input, 1)
    case.kafka.topic(case.output, 2)
    send(0, "k0 5")
    send(1, "k0 5")
    case.kafka.produce(case.input, ["k0 0"])
    code, out = case.run("--stop", "latest", "--die-at-commit", "1")
    expect(code == -9, f"{code}: {out}")
    (transaction,) = kafka_transactions.listed(case)
    messages = case.kafka.read(case.output, "read_uncommitted")
    (held,) = [int(partition) for partition, value in messages if value == "k0 1 0"]
    job = case.job(
        *("--in", case.output, "--watermarks", "--skip-poison"), output=False, checkpoints=False
    )
    number = 99

    def event_time() -> int:
        """Sends a message to the other partition, and returns the watermark before it."""
        nonlocal number
        number += 1
        send(1 - held, f"k1 {number}")
        pattern = re.compile(rf"^k1 {number} at (-?\d+)$")
        (found,) = wait_for(
            "the message", lambda: list(filter(None, map(pattern.match, job.lines)))
        )
        return int(found[1])

    try:
        wait_for("both partitions", lambda: sum(x.startswith("k0 5 ") for x in job.lines) == 2)
        end = time.monotonic() + 1.5  # five times the idle time
        while time.monotonic() < end:
            found = event_time()
            expect(found < 5, f"event time went on to {found}")
        brokers = ("--brokers", case.kafka.servers)
        kafka_transactions.weir(case, "abort", transaction.split()[0], *brokers, "--yes")
        wait_for("an idle partition", lambda: event_time() >= 100)
    finally:
        job.end()


def errors_before_the_first_record(case: Case) -> None:
    code, out = case.run(output=False)
    expect(code == REFUSED, out)
    expect_in(out, f"there is no topic '{case.input}'", "create it")
    case.kafka.topic(case.input, 1)
    code, out = case.run("--servers", "127.0.0.1:1", output=False)
    expect(code in (REFUSED, NOT_NOW), out)
    expect_in(out, "cannot look up the topic", "127.0.0.1:1", "Connection refused")
    code, out = case.run("--source-properties", "no.such.property=1", output=False)
    expect(code == REFUSED, out)
    expect_in(out, "'no.such.property' is no property of librdkafka")
    code, out = case.run("--source-properties", "enable.auto.commit=true", output=False)
    expect_in(out, "cannot be set: offsets are part of the checkpoints")
    code, out = case.run()
    expect(code == REFUSED, out)
    expect_in(out, f"there is no topic '{case.output}'")
    case.kafka.topic(case.output, 1)
    code, out = case.run("--sink-properties", "transaction.timeout.ms=99999999")
    expect(code == REFUSED, out)
    expect_in(out, "transaction.max.timeout.ms")
    code, out = case.run("--prefix", "")
    expect(code == REFUSED, out)
    expect_in(out, "needs a transactional_id_prefix()")


def transaction_that_times_out_fails_its_checkpoint(case: Case) -> None:
    case.kafka.topic(case.input, 1)
    case.kafka.topic(case.output, 1)
    case.kafka.produce(case.input, numbered(1, 0, 5))
    code, out = case.run(
        "--sink-properties",
        "transaction.timeout.ms=1000",
        "-D",
        "restart-strategy.type=none",
        interval="6 s",
    )
    expect(code == 1, out)
    expect_in(out, "of 5 records is not open any more", "transaction.timeout.ms = 1000")
    expect(case.kafka.values(case.output) == [], "results of an aborted transaction")


CASES = [
    *kafka_avro.CASES,
    *kafka_security.CASES,
    *kafka_transactions.CASES,
    bounded_job_reads_each_message_once,
    restored_job_continues_at_any_parallelism,
    parts_of_messages,
    starting_offsets,
    offsets_of_completed_checkpoints_are_committed,
    new_partitions_are_read_from_their_beginning,
    topics_by_pattern,
    expired_offset_is_an_error_unless_declared,
    poison_messages,
    transactions_of_others,
    rate_is_limited,
    partition_that_is_held_back_is_not_idle,
    errors_before_the_first_record,
    transaction_that_times_out_fails_its_checkpoint,
]


if __name__ == "__main__":
    kafka = Kafka()
    run_cases(
        inspect.getdoc(sys.modules[__name__]),
        kafka,
        CASES,
        lambda build, folder, name: Case(build, kafka, folder, name.replace("_", "-")[:30]),
    )
