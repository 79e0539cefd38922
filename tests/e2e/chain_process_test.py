#!/usr/bin/env python3
"""Tests the processes that run a job's chains for Flink. This script takes Flink's place:
docs/formats/flink_host.md.

Usage: chain_process_test.py --build DIR [--only NAME]
"""

from __future__ import annotations

import argparse
import base64
import collections
import dataclasses
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zipfile
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

(
    OPEN,
    RESTORE_GROUP,
    READY,
    PROCESS,
    WATERMARK,
    TIMER,
    POLL,
    RESUME,
    BARRIER,
    SNAPSHOT,
    SNAPSHOT_CHUNK,
    SNAPSHOT_DROP,
    COMPLETED,
    ABORTED,
    FINISH,
    CLOSE,
    COMMIT,
) = range(1, 18)
MOVES_RECORDS = {PROCESS, WATERMARK, TIMER, POLL, RESUME, BARRIER, COMPLETED, FINISH, COMMIT}
MORE, NOTHING_NOW, END = 1, 2, 4
MAX = (1 << 63) - 1
SECONDS = 60


class Dead(Exception):
    """The last message of a chain."""


class Result(NamedTuple):
    flags: int
    wake_at: int
    frames: list[bytes]
    watermarks: list[int]


@dataclasses.dataclass
class Frame:
    edge: int
    group: int
    count: int
    build: int


# Of one chain or of a vertex: split elements, other elements, and the blob of each key group.
State = tuple[list[bytes], list[bytes], dict[int, bytes]]


def expect(condition: object, message: object) -> None:
    if not condition:
        raise AssertionError(message)


def take(layout: str, data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
    values = struct.unpack_from(">" + layout, data, at)
    return values, at + struct.calcsize(">" + layout)


def take_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    (length,), at = take("i", data, at)
    return data[at : at + length], at + length


def header_of(frame: bytes) -> Frame:
    version, edge, group, count, build = struct.unpack_from(">HHiII", frame)
    expect(version == 1, f"a frame of version {version}")
    return Frame(edge, group, count, build)


class Chain:
    """One child process and the operator's state about it."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.input, self.output = self.process.stdin, self.process.stdout
        errors = self.process.stderr
        self.lines: list[str] = []
        self.reader = threading.Thread(
            target=lambda: self.lines.extend(line.decode(errors="replace") for line in errors)
        )
        self.reader.start()
        self.watchdog = threading.Timer(SECONDS, self.process.kill)
        self.watchdog.start()

    def raw(self, call: int, body: bytes = b"") -> bytes:
        self.input.write(struct.pack(">IB", 1 + len(body), call) + body)
        return self.read_reply()

    def read_reply(self) -> bytes:
        (length,) = struct.unpack(">I", self.read(4))
        return self.read(length)

    def read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            more = self.output.read(length - len(data))
            if not more:
                self.process.wait()
                self.reader.join()
                raise Dead("".join(self.lines))
            data += more
        return data

    def call(self, call: int, body: bytes = b"") -> Any:
        """A Result for calls that move records (after all RESUMEs), the body for others."""
        reply = self.raw(call, body)
        if reply[0] == 1:
            (length,), at = take("H", reply, 1)
            raise Dead(take_bytes(reply, at + length)[0].decode())
        expect(reply[0] == 0, f"a reply of kind {reply[0]}")
        if call not in MOVES_RECORDS:
            return reply[1:]
        result = self.result(reply)
        if result.flags & MORE:
            rest = self.call(RESUME)
            return Result(
                rest.flags,
                rest.wake_at,
                result.frames + rest.frames,
                result.watermarks + rest.watermarks,
            )
        return result

    @staticmethod
    def result(reply: bytes) -> Result:
        (flags, wake_at, outputs), at = take("BqI", reply, 1)
        frames, watermarks = [], []
        for _ in range(outputs):
            (kind,), at = take("B", reply, at)
            if kind == 1:
                frame, at = take_bytes(reply, at)
                frames.append(frame)
            else:
                expect(kind == 2, f"an output of kind {kind}")
                (watermark,), at = take("q", reply, at)
                watermarks.append(watermark)
        (metrics,), at = take("H", reply, at)
        for _ in range(metrics):
            (_, _, name), at = take("HBH", reply, at)
            at += name + 8
        expect(at == len(reply), "bytes after a result")
        return Result(flags, wake_at, frames, watermarks)

    def snapshot(self, checkpoint: int) -> State:
        """(split elements, other elements, {group: blob})"""
        body = self.call(SNAPSHOT, struct.pack(">q", checkpoint))
        lists, at = [], 0
        for _ in range(3):
            (count,), at = take("I", body, at)
            elements = []
            for _ in range(count):
                element, at = take_bytes(body, at)
                elements.append(element)
            lists.append(elements)
        groups: dict[int, bytes] = collections.defaultdict(bytes)
        while body[at]:
            chunk = self.call(SNAPSHOT_CHUNK, struct.pack(">q", checkpoint))
            (what, group), _ = take("Bi", chunk, 0)
            if what == 2:
                break
            if what == 3:
                time.sleep(0.002)
            elif what == 5:
                expect(group not in groups, f"group {group} begins twice")
            else:
                groups[group] += take_bytes(chunk, 5)[0]
        return lists[0], lists[1] + lists[2], dict(groups)

    def close(self) -> None:
        self.call(CLOSE)
        expect(self.wait() == 0, f"it ended with {self.process.returncode}\n" + "".join(self.lines))

    def kill(self) -> None:
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        code = self.process.wait(SECONDS)
        self.watchdog.cancel()
        self.reader.join()
        for stream in (self.input, self.output, self.process.stderr):
            assert stream
            stream.close()
        return code


class Job:
    """A job as described by its jar, run by this script: one thread, records passed on at once,
    aligned barriers between calls.
    """

    def __init__(self, program: str, arguments: list[str], scratch: str) -> None:
        self.program = program
        self.scratch = scratch
        bridge = os.path.join(scratch, "bridge.jar")
        with zipfile.ZipFile(bridge, "w") as empty:
            empty.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        jar = os.path.join(scratch, "job.jar")
        subprocess.run(
            [
                program,
                *arguments,
                "--target",
                "flink",
                "--jar-out",
                jar,
                "-D",
                "weir.flink.bridge-jar=" + bridge,
            ],
            check=True,
            capture_output=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            cwd=scratch,
        )
        self.plan = json.loads(zipfile.ZipFile(jar).read("weir/plan.json"))
        self.chains: list[list[Chain]] = []

    def command(self) -> list[str]:
        return [self.program, *self.plan["arguments"], "-D", "weir.role=chain"]

    def open_body(
        self,
        vertex: int,
        subtask: int,
        parallelism: int,
        restored: int = -1,
        start: int = 0,
        elements: Sequence[bytes] = (),
        **changed: Any,
    ) -> bytes:
        values = dict(
            protocol=2,
            fingerprint=self.plan["fingerprint"],
            max_parallelism=self.plan["vertices"][vertex]["max_parallelism"],
        )
        values.update(changed)
        body = struct.pack(">H16s", values["protocol"], bytes.fromhex(values["fingerprint"]))
        body += struct.pack(
            ">iiiiiqBII",
            vertex,
            subtask,
            parallelism,
            values["max_parallelism"],
            0,
            restored,
            start,
            self.plan["build"],
            len(elements),
        )
        return body + b"".join(struct.pack(">i", len(element)) + element for element in elements)

    def start(
        self, parallelism: int, state: list[State] | None = None, checkpoint: int = -1
    ) -> None:
        """`state`: by vertex, (split elements, union elements, groups) of all subtasks."""
        self.chains = []
        for v, vertex in enumerate(self.plan["vertices"]):
            chains = []
            for subtask in range(parallelism):
                if state is None:
                    elements = [base64.b64decode(split) for split in vertex.get("splits", ())][
                        subtask::parallelism
                    ]
                else:
                    elements = state[v][0][subtask::parallelism] + (
                        [] if vertex["source"] else state[v][1]
                    )
                chain = Chain(self.command())
                chain.call(
                    OPEN,
                    self.open_body(
                        v,
                        subtask,
                        parallelism,
                        -1 if vertex["source"] else checkpoint,
                        0 if state is None else 1,
                        elements,
                    ),
                )
                for group, blob in sorted(state[v][2].items()) if state else ():
                    if self.owner(group, parallelism, vertex["max_parallelism"]) == subtask:
                        for at in range(0, len(blob), 1000):
                            piece = blob[at : at + 1000]
                            chain.call(
                                RESTORE_GROUP,
                                struct.pack(">iB", group, at + 1000 >= len(blob)) + piece,
                            )
                chain.call(READY)
                chains.append(chain)
            self.chains.append(chains)
        self.parallelism = parallelism
        self.ended: set[tuple[int, int]] = set()
        self.finished = False

    @staticmethod
    def owner(group: int, parallelism: int, max_parallelism: int) -> int:
        return group * parallelism // max_parallelism

    def pass_on(self, result: Result) -> None:
        for frame in result.frames:
            head = header_of(frame)
            expect(
                head.count > 0 and head.build == self.plan["build"],
                f"a frame with the header {head}",
            )
            edge = self.plan["edges"][head.edge]
            keyed = edge["partitioning"] == "hash"
            expect(
                (head.group >= 0) == keyed, f"a frame with the header {head} on an edge with {edge}"
            )
            maximum = self.plan["vertices"][edge["to"]]["max_parallelism"]
            target = (
                self.owner(head.group, self.parallelism, maximum)
                if keyed
                else random.randrange(self.parallelism)
            )
            self.pass_on(
                self.chains[edge["to"]][target].call(PROCESS, struct.pack(">i", len(frame)) + frame)
            )

    def poll(self) -> bool:
        for v, vertex in enumerate(self.plan["vertices"]):
            for subtask, chain in enumerate(self.chains[v] if vertex["source"] else ()):
                if (v, subtask) not in self.ended:
                    result = chain.call(POLL)
                    self.pass_on(result)
                    if result.flags & END:
                        self.ended.add((v, subtask))
        sources = sum(vertex["source"] for vertex in self.plan["vertices"])
        if len(self.ended) == sources * self.parallelism and not self.finished:
            self.finished = True
            for call, body in ((WATERMARK, struct.pack(">q", MAX)), (FINISH, b"")):
                for v, vertex in enumerate(self.plan["vertices"]):
                    for chain in [] if vertex["source"] else self.chains[v]:
                        self.pass_on(chain.call(call, body))
        return not self.finished

    def checkpoint(self, checkpoint: int) -> list[State]:
        state = []
        for v, vertex in enumerate(self.plan["vertices"]):
            split, union, groups = [], [], {}
            for chain in self.chains[v]:
                if not vertex["source"]:
                    self.pass_on(chain.call(BARRIER))
            # All have passed on their records, so records after the barrier are in no state.
            for chain in self.chains[v]:
                more = chain.snapshot(checkpoint)
                split += more[0]
                union += more[1]
                groups.update(more[2])
            state.append((split, union, groups))
        return state

    def complete(self, checkpoint: int) -> None:
        for chain in self.all():
            self.pass_on(chain.call(COMPLETED, struct.pack(">q", checkpoint)))

    def commit(self) -> None:
        """Without checkpoints, after the end of the data."""
        for chain in self.all():
            self.pass_on(chain.call(COMMIT))

    def all(self) -> list[Chain]:
        return [chain for chains in self.chains for chain in chains]

    def close(self) -> None:
        for chain in self.all():
            chain.close()

    def kill(self) -> None:
        for chain in self.all():
            chain.kill()


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
