"""Shared by the tests against a real Kafka: topics, independent producers and consumers (kcat),
and the job of kafka_job.cc.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from flights_cluster import RealSystem

REFUSED, NOT_NOW = 2, 3  # exit codes


def numbered(keys, first, last):
    """Messages for the job."""
    return [f"k{key} {number}" for number in range(first, last) for key in range(keys)]


def counted(keys, last):
    """Its results of them."""
    return sorted(f"k{key} {n + 1} {n}" for n in range(last) for key in range(keys))


def expect(condition, why):
    if not condition:
        raise AssertionError(why)


def expect_in(text, *parts):
    for part in parts:
        expect(part in text, f"'{part}' is not in:\n{text}")


def wait_for(what, condition, seconds=40):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        expect(time.monotonic() < deadline, f"{what} did not come within {seconds} s")
        time.sleep(0.05)
    return found


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


class Job:
    """A run of kafka_job, with checkpoints in a folder."""

    def __init__(
        self, build, folder, *arguments, interval="200 ms", program="kafka_job", checkpoints=True
    ):
        settings = [f"interval={interval}", f"dir={folder}/checkpoints"] if checkpoints else []
        self.lines = []
        self.process = subprocess.Popen(
            [
                os.path.join(build, "bin", program),
                *arguments,
                *(f"-Dexecution.checkpointing.{setting}" for setting in settings),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=folder,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def log(self):
        return "\n".join(self.lines)

    def has(self, pattern):
        return any(re.search(pattern, line) for line in list(self.lines))

    def wait(self, seconds=60):
        """(exit code, output)"""
        code = self.process.wait(seconds)
        self.reader.join(10)
        return code, self.log()

    def kill(self, number=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def end(self):
        self.kill()
        self.process.wait(30)

    def workers(self):
        """Pids of its worker processes."""
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
                return [int(pid) for pid in children.read().split()]
        except OSError:
            return []


def completed(folder):
    """The numbers of the completed checkpoints."""
    found = []
    for path, _, names in os.walk(os.path.join(folder, "checkpoints")):
        match = re.search(r"chk-(\d+)$", path)
        if match and "_metadata" in names:
            found.append(int(match[1]))
    return sorted(found)
