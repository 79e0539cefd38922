#!/usr/bin/env python3
"""A year of flights through weir, with three kill -9, and nothing lost or counted twice.

Runs examples/flights over the 336,776 flights that left New York in 2013, paced to about twenty seconds, with a checkpoint each second;
kills it with SIGKILL at three random moments and starts it again from the newest checkpoint; compares what it committed with an
independent computation in Python. The last line says OK, or the exit code is not zero and the last line says what was wrong.

Usage: demo.py --build DIR [--hdfs] [--seed N] [--seconds N] [--kills N]
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import flights_data  # noqa: E402
import flights_job  # noqa: E402
import flights_reference  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HDFS_TOOL = os.path.join(ROOT, "tools/real/hdfs.py")


def say(text):
    print(text, flush=True)


def fail(text):
    say(f"demo: FAILED {text}")
    sys.exit(1)


class Hdfs:
    """A NameNode and a DataNode on free ports of this machine, for as long as the `with` lasts."""

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="weir-demo-hdfs-")
        say("starting an HDFS (NameNode and DataNode)")
        try:
            started = subprocess.run([sys.executable, HDFS_TOOL, "start", "--home", self.home], timeout=600)
        except subprocess.TimeoutExpired:
            started = None
        if started is None or started.returncode != 0:
            self.__exit__()
            fail("the HDFS did not start")
        self.env = {}
        with open(os.path.join(self.home, "env")) as env_file:
            for line in env_file:
                match = re.match(r"export (\w+)=(.*)", line.strip())
                if match:
                    self.env[match[1]] = match[2].strip("'\"")
        os.environ.update(self.env)
        return self

    def __exit__(self, *_):
        subprocess.run([sys.executable, HDFS_TOOL, "stop", "--home", self.home], timeout=120)
        shutil.rmtree(self.home, ignore_errors=True)

    def place(self):
        return flights_job.hdfs_place(self.env, "/weir-demo")


def run(arguments, place):
    binary = os.path.join(arguments.build, "bin", "flights")
    if not os.access(binary, os.X_OK):
        fail(f"{binary} is not there; build it with `ninja -C {arguments.build} flights`")
    source = flights_data.flights_directory()
    expected = flights_reference.expected_lines(source)
    records = flights_data.count_rows(source)
    rate = round(records / arguments.seconds)
    random.seed(arguments.seed)
    command = flights_job.flights_command(binary, source, place, parallelism=2, rate=rate)
    say(f"{records} flights at {rate} a second, checkpoints each second; seed {arguments.seed}")
    say("$ " + " ".join(f'"{word}"' if " " in word else word for word in command))
    checkpoints = 0
    # Each life is long enough for a checkpoint, and all of them together are shorter than the job.
    longest = min(5, 0.7 * arguments.seconds / max(1, arguments.kills))
    for life in range(arguments.kills + 1):
        process = flights_job.Run(command, show=say)
        if life < arguments.kills:
            if not process.wait_for_line("RUNNING", 60):
                process.kill_after(0)
                fail(f"the job did not begin to run:\n{process.tail()}")
            process.began = time.monotonic()
            if not process.kill_after(random.uniform(min(1.2, longest), longest)):
                fail(f"the job ended by itself before kill {life + 1}:\n{process.tail()}")
            say(f"--- kill -9 number {life + 1}; {len(flights_job.committed_lines(place, 'out'))} lines are committed ---")
        else:
            code = process.wait(arguments.seconds * 3 + 60)
            if code != 0:
                fail("the job " + ("did not end in time" if code is None else f"ended with exit code {code}"))
        checkpoints = max(checkpoints, process.last_checkpoint())
    found = flights_job.committed_lines(place, "out")
    difference = flights_job.first_difference(expected, found)
    if difference:
        fail(f"the output differs from the reference: {difference}")
    rest = flights_job.leftovers(place, "out")
    if rest:
        fail(f"the output directory holds leftovers: {rest}")
    say(f"demo: OK records={records} kills={arguments.kills} checkpoints={checkpoints} digest={flights_job.digest(found)} "
        f"reference={flights_job.digest(expected)} output={place.uri('out')} checkpoints-at={place.uri('checkpoints')}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="the build directory")
    parser.add_argument("--hdfs", action="store_true", default=os.environ.get("HDFS") == "1", help="checkpoints and output on a real HDFS")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--seconds", type=float, default=20, help="how long the job would take without kills")
    parser.add_argument("--kills", type=int, default=3)
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything that was started is ended
    if arguments.hdfs:
        with Hdfs() as hdfs:
            run(arguments, hdfs.place())
    else:
        home = os.path.join(arguments.build, "demo")
        shutil.rmtree(home, ignore_errors=True)
        os.makedirs(home)
        run(arguments, flights_job.LocalPlace(home))


if __name__ == "__main__":
    main()
