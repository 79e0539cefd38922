#!/usr/bin/env python3
"""Checks a job from the user's view: help, explanations, refusals in sentences, exit codes, and the
files left behind.

Usage: user_view_test.py --build DIR [--only NAME]
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import flights_job
from small_cases import CANCELED, FAILED, LEFT, REFUSED, SmallCase, expect, expect_in, run_cases


class Case(SmallCase):
    """A job in one process."""

    def __init__(self, build: str, source: str, scratch: str) -> None:
        super().__init__(build, source, scratch)
        self.word_count = os.path.join(self.bin, "word_count")

    def run(self, *command: str, seconds: float = 60) -> tuple[int, str, str]:
        """(exit code, standard output, standard error)"""
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=self.scratch,
        )
        return done.returncode, done.stdout, done.stderr

    def start(self, **options: Any) -> flights_job.Run:
        return flights_job.Run(
            flights_job.flights_command(self.flights, self.source, self.place, **options)
        )

    def run_to_the_end(self, **options: Any) -> flights_job.Run:
        process = self.start(**options)
        code = process.wait(60)
        expect(code == 0, f"exit code {code}\n{process.tail()}")
        return process

    def checkpoints(self) -> list[str]:
        """The directories of completed checkpoints, oldest first."""
        found = []
        for directory, _, files in os.walk(self.path("checkpoints")):
            if re.fullmatch(r"chk-\d+", os.path.basename(directory)) and "_metadata" in files:
                found.append(directory)
        return sorted(found, key=lambda d: int(d.rsplit("-", 1)[1]))

    def killed_after_checkpoints(self, count: int) -> list[str]:
        """A job that was killed after `count` completed checkpoints, with state in separate
        files; the directories of the retained ones."""
        process = self.start(
            rate=3000,
            interval="100 ms",
            retained=3,
            extra=["-D", "execution.checkpointing.data-inline-threshold=0 b"],
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.checkpoints()
            if found and int(found[-1].rsplit("-", 1)[1]) >= count:
                break
            expect(process.process.poll() is None, f"the job ended by itself\n{process.tail()}")
            time.sleep(0.01)
        process.kill_after(0)
        return self.checkpoints()


def test_help_lists_the_flags_and_runs_nothing(case: Case) -> None:
    code, out, err = case.run(case.flights, "--help")
    expect(code == 0, f"exit code {code}\n{err}")
    expect_in(out, "--input", "--output", "--rate", "--parallelism", "--from", "-D key=value")


def test_explain_shows_the_job_and_runs_nothing(case: Case) -> None:
    code, out, err = case.run(
        case.flights, "--input", case.source, "--output", case.path("out"), "--explain"
    )
    expect(code == 0, f"exit code {code}\n{err}")
    expect_in(out, "flights", "uid")
    expect(not os.path.exists(case.path("out")), "the output directory was made")


def test_unknown_flag_is_refused_with_the_nearest_one(case: Case) -> None:
    code, _, err = case.run(case.flights, "--inptu", case.source, "--output", case.path("out"))
    expect(code == REFUSED, f"exit code {code}\n{err}")
    expect_in(err, "--inptu", "--input")


def test_unknown_setting_is_refused_with_the_nearest_one(case: Case) -> None:
    code, _, err = case.run(
        case.flights,
        "--input",
        case.source,
        "--output",
        case.path("out"),
        "-D",
        "execution.checkpointing.intervall=1s",
    )
    expect(code == REFUSED, f"exit code {code}\n{err}")
    expect_in(err, "execution.checkpointing.intervall", "execution.checkpointing.interval")
    expect(not os.path.exists(case.path("out")), "the output directory was made")


def test_missing_input_is_refused_before_the_first_record(case: Case) -> None:
    code, _, err = case.run(
        case.flights, "--input", case.path("nothing"), "--output", case.path("out")
    )
    expect(code == REFUSED, f"exit code {code}\n{err}")
    expect_in(err, "cannot read the input", "nothing")


def test_input_without_the_needed_columns_is_refused(case: Case) -> None:
    os.mkdir(case.path("in"))
    with open(case.path("in", "a.csv"), "w") as file:
        file.write("x,y\n1,2\n")
    code, _, err = case.run(case.flights, "--input", case.path("in"), "--output", case.path("out"))
    expect(code == REFUSED, f"exit code {code}\n{err}")
    expect_in(err, "a.csv has no column", "its columns are: x, y")


def test_malformed_row_fails_the_job_and_names_its_place(case: Case) -> None:
    os.mkdir(case.path("in"))
    with open(os.path.join(case.source, sorted(os.listdir(case.source))[0])) as file:
        lines = file.readlines()[:3]
    with open(case.path("in", "a.csv"), "w") as file:
        file.writelines(lines + ["2013,1,1\n"])
    code, _, err = case.run(
        case.flights,
        "--input",
        case.path("in"),
        "--output",
        case.path("out"),
        "-D",
        "restart-strategy.type=none",
    )
    expect(code == FAILED, f"exit code {code}\n{err}")
    expect_in(
        err,
        "a.csv cannot be used: it has 3 fields, but there are 19 columns",
        f"byte {sum(map(len, lines))}",
    )


def test_output_that_cannot_be_written_is_refused(case: Case) -> None:
    with open(case.path("file"), "w"):
        pass
    code, _, err = case.run(
        case.flights, "--input", case.source, "--output", case.path("file", "out")
    )
    expect(code == REFUSED, f"exit code {code}\n{err}")
    expect_in(err, "cannot write results to", "file/out")


def test_checkpoint_directory_that_cannot_be_written_is_refused(case: Case) -> None:
    with open(case.path("file"), "w"):
        pass
    code, _, err = case.run(
        case.flights,
        "--input",
        case.source,
        "--output",
        case.path("out"),
        "-D",
        "execution.checkpointing.interval=1s",
        "-D",
        f"execution.checkpointing.dir={case.path('file', 'checkpoints')}",
    )
    expect(code == REFUSED, f"exit code {code}\n{err}")
    expect_in(err, "file/checkpoints")
    expect(
        "part-"
        not in "".join(os.listdir(case.path("out")) if os.path.exists(case.path("out")) else []),
        "results were written",
    )


def test_job_without_checkpoints_writes_its_results_at_the_end(case: Case) -> None:
    code, _, err = case.run(
        case.flights, "--input", case.source, "--output", case.path("out"), "--parallelism", "2"
    )
    expect(code == 0, f"exit code {code}\n{err}")
    case.expect_right_output()


def test_starting_a_finished_job_again_changes_nothing(case: Case) -> None:
    case.run_to_the_end(interval="100 ms")
    before = case.place.names("out")
    case.run_to_the_end(interval="100 ms", parallelism=3)
    case.expect_right_output()
    expect(case.place.names("out") == before, "the part files changed")


def damage(path: str, offset: int) -> None:
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0xFF]))


def test_damaged_metadata_falls_back_to_the_checkpoint_before_and_says_so(case: Case) -> None:
    checkpoints = case.killed_after_checkpoints(4)
    newest = checkpoints[-1]
    damage(
        os.path.join(newest, "_metadata"), os.path.getsize(os.path.join(newest, "_metadata")) // 2
    )
    process = case.run_to_the_end(interval="100 ms", parallelism=2)
    expect_in("\n".join(process.lines), os.path.basename(newest))
    case.expect_right_output()


def test_damaged_state_falls_back_to_the_checkpoint_before_and_says_so(case: Case) -> None:
    checkpoints = case.killed_after_checkpoints(4)
    newest = checkpoints[-1]
    data = [name for name in os.listdir(newest) if name.startswith("data-")]
    if not data:
        raise AssertionError(f"{newest} holds no data file: {os.listdir(newest)}")
    damage(os.path.join(newest, data[0]), os.path.getsize(os.path.join(newest, data[0])) // 2)
    process = case.run_to_the_end(interval="100 ms")
    expect_in("\n".join(process.lines), os.path.basename(newest))
    case.expect_right_output()


def test_going_back_by_hand_takes_back_later_results(case: Case) -> None:
    checkpoints = case.killed_after_checkpoints(5)
    expect(len(checkpoints) >= 2, f"only {checkpoints} are retained")
    command = flights_job.flights_command(case.flights, case.source, case.place, interval="100 ms")
    command[command.index("--from") + 1] = checkpoints[0]
    process = flights_job.Run(command)
    code = process.wait(60)
    expect(code == 0, f"exit code {code}\n{process.tail()}")
    case.expect_right_output()


def command_from(case: Case, checkpoint: str, *more: str) -> list[str]:
    command = flights_job.flights_command(
        case.flights, case.source, case.place, interval="100 ms", extra=more
    )
    command[command.index("--from") + 1] = checkpoint
    return command


def test_killed_after_going_back_the_job_does_not_go_on_from_what_it_left(case: Case) -> None:
    checkpoints = case.killed_after_checkpoints(5)
    # It restarts from an earlier checkpoint, removes later results, and is killed before its own
    # first checkpoint.
    process = flights_job.Run(
        command_from(
            case, checkpoints[0], "--rate", "100", "-D", "execution.checkpointing.interval=1 h"
        )
    )
    deadline = time.monotonic() + 30
    while (
        not any("going back from checkpoint" in line for line in process.lines)
        and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    process.kill_after(1)
    expect(case.checkpoints() == checkpoints, "it was not to complete a checkpoint")
    process = case.run_to_the_end(interval="100 ms")
    expect_in("\n".join(process.lines), "restoring from", "/" + os.path.basename(checkpoints[0]))
    case.expect_right_output()


def test_a_checkpoint_that_was_left_behind_is_refused(case: Case) -> None:
    checkpoints = case.killed_after_checkpoints(5)
    process = flights_job.Run(command_from(case, checkpoints[0]))
    code = process.wait(60)
    expect(code == 0, f"exit code {code}\n{process.tail()}")
    code, _, err = case.run(*command_from(case, checkpoints[-1]))
    expect(code == REFUSED, f"exit code {code}\n{err}")
    expect_in(
        err,
        os.path.basename(checkpoints[-1]),
        f"went back to checkpoint {checkpoints[0].rsplit('-', 1)[1]}",
        "--from latest",
        "weir.accept-abandoned-checkpoint",
    )
    case.run_to_the_end(interval="100 ms")
    case.expect_right_output()


def test_another_output_directory_is_another_job(case: Case) -> None:
    case.killed_after_checkpoints(2)
    command = flights_job.flights_command(case.flights, case.source, case.place, interval="100 ms")
    command[command.index("--output") + 1] = case.path("another")
    code, _, err = case.run(*command)
    expect(code == REFUSED, f"exit code {code}\n{err}")
    expect_in(err, "--output was", "another", "weir.accept-changed-job")
    expect(not os.path.exists(case.path("another")), "the output directory was made")
    case.run_to_the_end(interval="100 ms")
    case.expect_right_output()


def signaled_after_a_checkpoint(case: Case, number: int) -> tuple[int | None, str]:
    """A job that deletes its checkpoints when it is canceled, and the exit code after a signal."""
    process = case.start(
        rate=3000,
        interval="100 ms",
        extra=[
            "-D",
            "execution.checkpointing.externalized-checkpoint-retention=DELETE_ON_CANCELLATION",
        ],
    )
    deadline = time.monotonic() + 30
    while not process.last_checkpoint() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.process.send_signal(number)
    return process.wait(30), process.tail()


def test_a_process_that_is_terminated_leaves_and_the_job_can_go_on(case: Case) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        code, tail = signaled_after_a_checkpoint(case, number)
        expect(code == LEFT, f"exit code {code}\n{tail}")
        expect_in(tail, "leaving: --from latest goes on from the last completed checkpoint")
        expect(case.checkpoints(), "no checkpoint is left to go on from")
    case.run_to_the_end(interval="100 ms")
    case.expect_right_output()


def test_a_cancellation_is_asked_for_by_another_signal(case: Case) -> None:
    code, tail = signaled_after_a_checkpoint(case, signal.SIGUSR1)
    expect(code == CANCELED, f"exit code {code}\n{tail}")
    expect(not case.checkpoints(), "the checkpoints were to be deleted")


def test_word_count_reads_lines_from_a_socket(case: Case) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        process = subprocess.Popen(
            [case.word_count, "--socket", f"127.0.0.1:{server.getsockname()[1]}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"to be or\r\nnot to be")
            out, err = process.communicate(timeout=30)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
    expect(process.returncode == 0, f"exit code {process.returncode}\n{err}")
    last = dict(line.split(",") for line in out.splitlines())
    expect(last == {"to": "2", "be": "2", "or": "1", "not": "1"}, out)


def test_files_on_hdfs_are_read_and_written(case: Case) -> None:
    if not os.environ.get("WEIR_TEST_HDFS"):
        return
    place = flights_job.hdfs_place(os.environ, f"/weir-user-view-{os.getpid()}")
    with open(case.path("text"), "w") as file:
        file.write("to be or not to be\n" * 1000)
    words = flights_job.HdfsPlace(place.uri("words"), place.http.split("/")[2], place.user)
    for source, target in [
        (case.path("text"), words.uri("first")),
        (words.uri("first"), words.uri("second")),
    ]:
        code, _, err = case.run(
            case.word_count, "--input", source, "--output", target, "--parallelism", "2"
        )
        expect(code == 0, f"exit code {code}\n{err}")
    first = flights_job.committed_lines(words, "first")
    expect(
        sorted(first)
        == sorted(
            [
                f"{w},{n}"
                for w, times in {"to": 2, "be": 2, "or": 1, "not": 1}.items()
                for n in range(1, times * 1000 + 1)
            ]
        ),
        f"{len(first)} lines: {first[:5]}",
    )
    expect(
        flights_job.committed_lines(words, "second") == sorted(f'"{line}",1' for line in first),
        "the second job's words differ",
    )


if __name__ == "__main__":
    sys.exit(run_cases(globals(), Case, rows=6000))
