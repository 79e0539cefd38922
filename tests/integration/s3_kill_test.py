#!/usr/bin/env python3
"""Kills a job whose input, checkpoints and output are on a real S3 server, and the server, at
random moments, and restarts it at a random parallelism, until it ends by itself. Each time, its
output must hold every count of every word once, and nothing else may be left in the bucket.

Usage: s3_kill_test.py --build DIR [--kills N] [--seed N]
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from flights_cluster import RealSystem

LINES = 6000
SECONDS = 2.0  # duration of a run that is not killed
KILLS_A_JOB = 5
WORDS = 40


def expect(condition: object, why: object) -> None:
    if not condition:
        raise AssertionError(why)


class Bucket:
    """The files in which the server keeps a bucket: what they say does not depend on weir."""

    def __init__(self, home: str) -> None:
        self.folder = os.path.join(home, "objects", "weir-test")

    def files(self, directory: str) -> list[str]:
        found = []
        for place, _, names in os.walk(os.path.join(self.folder, directory)):
            found += [os.path.relpath(os.path.join(place, name), self.folder) for name in names]
        return sorted(found)

    def unfinished(self) -> list[str]:
        return self.files(".sgwtmp")

    def read(self, path: str) -> str:
        with open(os.path.join(self.folder, path), encoding="utf-8") as file:
            return file.read()

    def write(self, path: str, text: str) -> None:
        full = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


class Round:
    """One job, from its first start to its end."""

    def __init__(
        self, arguments: argparse.Namespace, server: RealSystem, number: int, chance: random.Random
    ) -> None:
        self.binary = os.path.join(os.path.abspath(arguments.build), "bin", "word_count")
        self.server, self.name, self.chance = server, f"job-{number}", chance
        self.bucket = Bucket(server.home)
        self.kills = self.outages = 0
        self.history: list[str] = []
        self.words = [f"w{chance.randrange(WORDS)}" for _ in range(3 * LINES)]
        lines = [" ".join(self.words[3 * i : 3 * i + 3]) for i in range(LINES)]
        for part in range(3):
            self.bucket.write(f"{self.name}/in/{part}.txt", "\n".join(lines[part::3]) + "\n")

    def command(self) -> list[str]:
        place = f"s3://weir-test/{self.name}"
        settings = {
            "s3.endpoint": self.server.env["WEIR_TEST_S3"],
            "execution.checkpointing.dir": f"{place}/checkpoints",
            "execution.checkpointing.interval": "100 ms",
        }
        return [
            *[self.binary, "--input", f"{place}/in", "--output", f"{place}/out"],
            *["--rate", str(LINES / SECONDS), "--from", "latest"],
            *["--parallelism", str(self.chance.randint(1, 3))],
            *[word for item in settings.items() for word in ("-D", "=".join(item))],
        ]

    def outage(self, seconds: float) -> None:
        time.sleep(seconds)
        self.server.do("kill")
        time.sleep(0.3)
        self.server.do("revive")

    def run(self, kills: int) -> None:
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.server.env["WEIR_TEST_S3_ACCESS_KEY"],
            "AWS_SECRET_ACCESS_KEY": self.server.env["WEIR_TEST_S3_SECRET_KEY"],
        }
        while True:
            with tempfile.TemporaryFile("w+") as log:
                process = subprocess.Popen(
                    self.command(), env=environment, stdout=log, stderr=subprocess.STDOUT
                )
                chaos = None
                if self.chance.random() < 0.3:
                    chaos = threading.Thread(
                        target=self.outage, args=(self.chance.uniform(0.1, SECONDS),)
                    )
                    chaos.start()
                    self.outages += 1
                killed = self.kills < kills and self.kill_after(
                    process, self.chance.uniform(0.1, SECONDS)
                )
                code = process.wait(120)
                if chaos:
                    chaos.join()
                if not killed:
                    log.seek(0)
                    expect(code == 0, f"exit code {code}:\n{log.read()[-3000:]}")
                    return

    def kill_after(self, process: subprocess.Popen[bytes], seconds: float) -> bool:
        try:
            code = process.wait(seconds)
            self.history.append(f"ended with {code}")
            return False
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            self.kills += 1
            self.history.append(f"killed after {seconds:.3f} s")
            return True

    def check(self) -> None:
        parts = self.bucket.files(f"{self.name}/out")
        strange = [path for path in parts if not os.path.basename(path).startswith("part-")]
        expect(not strange, f"left in the output: {strange}")
        found = collections.defaultdict(list)
        for path in parts:
            for line in self.bucket.read(path).splitlines():
                word, number = line.split(",")
                found[word].append(int(number))
        for word, count in collections.Counter(self.words).items():
            expect(
                sorted(found[word]) == list(range(1, count + 1)),
                f"{word} occurs {count} times, but the output has its counts {sorted(found[word])}",
            )
        unfinished = self.bucket.unfinished()
        expect(not unfinished, f"unfinished uploads are left: {unfinished}")
        checkpoints = {
            path.split("/")[3]
            for path in self.bucket.files(f"{self.name}/checkpoints")
            if "/chk-" in path
        }
        expect(len(checkpoints) == 1, f"the retained checkpoints are {sorted(checkpoints)}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    began = time.monotonic()
    kills = outages = number = 0
    with RealSystem("s3.py") as server:
        while kills < arguments.kills:
            one = Round(arguments, server, number, chance)
            try:
                one.run(min(KILLS_A_JOB, arguments.kills - kills))
                one.check()
            except AssertionError as e:
                print(f"FAILED job {number} (seed {arguments.seed}): {e}\n    ", one.history)
                kept = tempfile.mkdtemp(prefix="weir-s3-kill-")
                shutil.copytree(os.path.join(server.home, "objects"), os.path.join(kept, "objects"))
                print(f"the bucket is kept in {kept}\n0 passed, 1 failed")
                return 1
            kills += one.kills
            outages += one.outages
            number += 1
    print(
        f"summary: {kills} kills of the job, {outages} of the server, {number} jobs, "
        f"seed {arguments.seed}, {time.monotonic() - began:.0f} s\n{number} passed, 0 failed"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
