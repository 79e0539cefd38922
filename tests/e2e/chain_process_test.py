#!/usr/bin/env python3
"""Tests the processes that run a job's chains for Flink. This script takes Flink's place:
docs/formats/flink_host.md.

Usage: chain_process_test.py --build DIR [--only NAME]
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable

from chain_job import Job
from chain_process import OPEN, POLL, READY, Chain, Dead, expect


class Case:
    def __init__(self, build: str, scratch: str) -> None:
        self.word_count = os.path.join(build, "bin", "word_count")
        self.scratch = scratch
        self.input = os.path.join(scratch, "texts")
        self.output = os.path.join(scratch, "counts")
        os.makedirs(self.input)
        self.words: collections.Counter[str] = collections.Counter()
        order = random.Random(7)
        for name in ("a", "b", "c"):
            with open(os.path.join(self.input, name), "w") as file:
                for _ in range(6000):
                    line = [f"w{order.randrange(3000)}" for _ in range(10)]
                    self.words.update(line)
                    file.write(" ".join(line) + "\n")

    def job(self, *more: str) -> Job:
        return Job(
            self.word_count, ["--input", self.input, "--output", self.output, *more], self.scratch
        )

    def expect_exact_output(self) -> None:
        """Every word with every count from 1 up, each once."""
        seen = collections.defaultdict(list)
        for directory, _, files in os.walk(self.output):
            for name in files:
                expect(not name.startswith((".", "_")), f"an orphan: {name}")
                with open(os.path.join(directory, name)) as file:
                    for line in file:
                        word, count = line.strip().split(",")
                        if word != "word":
                            seen[word].append(int(count))
        expect(set(seen) == set(self.words), f"{len(seen)} words of {len(self.words)}")
        wrong = {
            word: counts
            for word, counts in seen.items()
            if sorted(counts) != list(range(1, self.words[word] + 1))
        }
        expect(
            not wrong,
            f"{len(wrong)} words of {len(seen)} are wrong: {dict(list(wrong.items())[:2])}",
        )


def job_ends_exactly_after_kills_and_rescaling(case: Case, *more: str) -> None:
    job = case.job(*more)
    job.start(2)
    job.poll()
    state = job.checkpoint(1)
    job.complete(1)
    job.poll()
    job.kill()  # everything after the checkpoint is repeated
    job.start(3, state, 1)
    job.poll()
    job.checkpoint(2)  # does not complete
    job.kill()
    job.start(1, state, 1)
    checkpoint = 3
    while job.poll():
        state = job.checkpoint(checkpoint)
        job.complete(checkpoint)
        checkpoint += 1
    job.checkpoint(checkpoint)
    job.complete(checkpoint)
    job.close()
    case.expect_exact_output()


def job_of_unchained_operators_ends_exactly(case: Case) -> None:
    job_ends_exactly_after_kills_and_rescaling(
        case, "-D", "pipeline.operator-chaining.enabled=false"
    )


def job_without_checkpoints_commits_at_its_end(case: Case) -> None:
    job = case.job()
    job.start(2)
    while job.poll():
        pass
    job.commit()
    job.close()
    case.expect_exact_output()


def openings_that_do_not_fit_are_refused_in_a_sentence(case: Case) -> None:
    job = case.job()
    for changed, sentence in (
        ({"protocol": 9}, "version 9 of the chain's protocol"),
        ({"fingerprint": "00" * 16}, "describes another job"),
        ({"max_parallelism": 64}, "max parallelism"),
    ):
        chain = Chain(job.command())
        try:
            chain.call(OPEN, job.open_body(0, 0, 1, **changed))
            raise AssertionError(f"{changed} was taken")
        except Dead as e:
            expect(sentence in str(e), str(e))
        chain.close()


def chain_ends_with_its_input(case: Case) -> None:
    chain = Chain(case.job().command())
    chain.input.close()
    expect(chain.wait() == 1, f"exit code {chain.process.returncode}")


def signals_of_a_terminal_do_not_end_a_chain(case: Case) -> None:
    job = case.job()
    chain = Chain(job.command())
    chain.call(OPEN, job.open_body(0, 0, 1))
    chain.process.send_signal(signal.SIGINT)
    chain.process.send_signal(signal.SIGTERM)
    chain.process.send_signal(signal.SIGUSR1)
    chain.call(READY)
    chain.close()


def crash_is_told_with_a_back_trace(case: Case) -> None:
    job = case.job()
    chain = Chain(job.command())
    chain.call(OPEN, job.open_body(0, 0, 1))
    chain.process.send_signal(signal.SIGSEGV)
    try:
        chain.call(READY)
        chain.call(POLL)
        raise AssertionError("it lives")
    except (Dead, BrokenPipeError):
        pass
    expect(chain.wait() == -signal.SIGSEGV, f"exit code {chain.process.returncode}")
    text = "".join(chain.lines)
    expect(
        "weir: the chain was ended by signal 11 (SIGSEGV)" in text and "word_count" in text, text
    )


def what_a_job_prints_goes_to_standard_error(case: Case) -> None:
    job = Job(case.word_count, ["--input", case.input], case.scratch)
    job.start(1)
    while job.poll():
        pass
    job.commit()
    job.close()
    printed = sum(len(chain.lines) for chain in job.all())
    expect(printed >= sum(case.words.values()), f"{printed} lines of {sum(case.words.values())}")


def garbage_is_answered_or_ends_the_chain(case: Case) -> None:
    order = random.Random(11)
    job = case.job()
    for _ in range(20):
        chain = Chain(job.command())
        chain.call(OPEN, job.open_body(1, 0, 1))
        chain.call(READY)
        try:
            chain.call(order.randrange(256), order.randbytes(order.randrange(50)))
        except Dead as e:
            expect(str(e), "no sentence")
        chain.close()
    chain = Chain(job.command())
    chain.input.write(b"\xff\xff\xff\xff\xff")
    expect(
        chain.wait() == 1 and "not from weir's operator" in "".join(chain.lines),
        "".join(chain.lines),
    )


CASES: list[Callable[[Case], None]] = [
    job_ends_exactly_after_kills_and_rescaling,
    job_of_unchained_operators_ends_exactly,
    job_without_checkpoints_commits_at_its_end,
    openings_that_do_not_fit_are_refused_in_a_sentence,
    chain_ends_with_its_input,
    signals_of_a_terminal_do_not_end_a_chain,
    crash_is_told_with_a_back_trace,
    what_a_job_prints_goes_to_standard_error,
    garbage_is_answered_or_ends_the_chain,
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--only")
    options = parser.parse_args()
    passed = failed = 0
    for case in CASES:
        if options.only and options.only not in case.__name__:
            continue
        began = time.time()
        with tempfile.TemporaryDirectory(prefix="weir-chain-") as scratch:
            try:
                case(Case(os.path.abspath(options.build), scratch))
                passed += 1
                print(f"ok      {case.__name__} ({time.time() - began:.1f} s)", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {case.__name__}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
