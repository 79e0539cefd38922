"""A job whose chains run in processes of their own, with this program in the place of Flink."""

from __future__ import annotations

import base64
import json
import os
import random
import struct
import subprocess
import zipfile
from collections.abc import Sequence
from typing import Any

from chain_process import (
    BARRIER,
    COMMIT,
    COMPLETED,
    END,
    FINISH,
    OPEN,
    POLL,
    PROCESS,
    READY,
    RESTORE_GROUP,
    SECONDS,
    WATERMARK,
    Chain,
    Result,
    State,
    expect,
    header_of,
)

MAX = (1 << 63) - 1


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
