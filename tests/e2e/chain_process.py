"""A process that runs a chain of operators for Flink, and the messages that Flink's operator exchanges
with it: docs/formats/flink_host.md.
"""

from __future__ import annotations

import collections
import dataclasses
import struct
import subprocess
import threading
import time
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


# The state of one chain or of a vertex: split elements, other elements, and the blob of each key group.
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
