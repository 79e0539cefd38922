"""Shared by the tests against a real Kafka: topics, and independent producers and consumers (kcat)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from real_jobs import RealSystem, expect


def numbered(keys: int, first: int, last: int) -> list[str]:
    """Messages for the job."""
    return [f"k{key} {number}" for number in range(first, last) for key in range(keys)]


def counted(keys: int, last: int) -> list[str]:
    """Its results of them."""
    return sorted(f"k{key} {n + 1} {n}" for n in range(last) for key in range(keys))


class Kafka(RealSystem):
    def __init__(self, *options: str) -> None:
        super().__init__("kafka.py", *options)

    @property
    def servers(self) -> str:
        return self.env["WEIR_TEST_KAFKA"]

    def kcat(self, *arguments: str, text: str = "") -> str:
        done = subprocess.run(
            ["kcat", "-b", self.servers, *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )
        expect(done.returncode == 0, f"kcat {arguments}: {done.stderr}")
        return done.stdout

    def topic(self, name: str, partitions: int = 1, *settings: str) -> None:
        sets = [word for setting in settings for word in ("--set", setting)]
        self.do("topic", name, "--partitions", str(partitions), *sets)

    def produce(self, topic: str, values: Iterable[str], *options: str) -> None:
        """Values "KEY …" with that key."""
        lines = "".join(f"{value.split(' ')[0]}\t{value}\n" for value in values)
        self.kcat(
            "-P", "-t", topic, "-K", "\t", "-X", "partitioner=murmur2_random", *options, text=lines
        )

    def read(self, topic: str, isolation: str = "read_committed") -> list[tuple[str, str]]:
        """(partition, value) of all messages, in the order of each partition."""
        out = self.kcat(
            "-C",
            "-t",
            topic,
            "-o",
            "beginning",
            "-e",
            "-q",
            "-f",
            "%p\t%s\n",
            "-X",
            f"isolation.level={isolation}",
        )
        split = (line.partition("\t") for line in out.splitlines())
        return [(partition, value) for partition, _, value in split]

    def values(self, topic: str, isolation: str = "read_committed") -> list[str]:
        return [value for _, value in self.read(topic, isolation)]
