"""Shared by the tests against a real Kafka: topics, and independent producers and consumers (kcat)."""

import subprocess

from real_jobs import RealSystem, expect


def numbered(keys, first, last):
    """Messages for the job."""
    return [f"k{key} {number}" for number in range(first, last) for key in range(keys)]


def counted(keys, last):
    """Its results of them."""
    return sorted(f"k{key} {n + 1} {n}" for n in range(last) for key in range(keys))


class Kafka(RealSystem):
    def __init__(self, *options):
        super().__init__("kafka.py", *options)

    @property
    def servers(self):
        return self.env["WEIR_TEST_KAFKA"]

    def kcat(self, *arguments, text=""):
        done = subprocess.run(
            ["kcat", "-b", self.servers, *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )
        expect(done.returncode == 0, f"kcat {arguments}: {done.stderr}")
        return done.stdout

    def topic(self, name, partitions=1, *settings):
        sets = [word for setting in settings for word in ("--set", setting)]
        self.do("topic", name, "--partitions", str(partitions), *sets)

    def produce(self, topic, values, *options):
        """Values "KEY …" with that key."""
        lines = "".join(f"{value.split(' ')[0]}\t{value}\n" for value in values)
        self.kcat(
            "-P", "-t", topic, "-K", "\t", "-X", "partitioner=murmur2_random", *options, text=lines
        )

    def read(self, topic, isolation="read_committed"):
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
        return [tuple(line.split("\t", 1)) for line in out.splitlines()]

    def values(self, topic, isolation="read_committed"):
        return [value for _, value in self.read(topic, isolation)]
