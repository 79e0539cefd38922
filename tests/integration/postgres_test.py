#!/usr/bin/env python3
"""The sink for PostgreSQL against a real server, which this test starts.

Usage: postgres_test.py --build DIR [--only CASE]
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
from typing import Any

from postgres_world import INSERT, KEYS, UPSERT, Postgres, wrong_rows
from real_jobs import (
    NOT_NOW,
    REFUSED,
    Job,
    completed,
    expect,
    expect_in,
    run_cases,
    wait_for,
)


class Case:
    def __init__(self, build: str, postgres: Postgres, folder: str) -> None:
        self.build, self.postgres, self.folder = build, postgres, folder
        postgres.create_tables()

    def job(self, *arguments: str, **options: Any) -> Job:
        flags = {"--connection": self.postgres.connection, "--sql": INSERT}
        common = [word for flag in flags.items() if flag[0] not in arguments for word in flag]
        options.setdefault("program", "postgres_job")
        return Job(self.build, self.folder, *common, *arguments, **options)

    def run(self, *arguments: str, **options: Any) -> tuple[int, str]:
        return self.job(*arguments, **options).wait()

    def refused(
        self, *arguments: str, parts: list[str], codes: tuple[int, ...] = (REFUSED,), **options: Any
    ) -> None:
        code, out = self.run("-D", "restart-strategy.type=none", *arguments, **options)
        expect(code in codes, f"{code}: {out}")
        expect_in(out, *parts)

    def check(self, count: int = 600) -> None:
        problem = wrong_rows(self.postgres, count)
        expect(problem is None, problem)


def parts_of_the_sink(case: Case) -> None:
    done = subprocess.run(
        [os.path.join(case.build, "bin/weir_jdbc_sink_test"), "--gtest_brief=1"],
        env={**os.environ, "WEIR_TEST_POSTGRES": case.postgres.connection},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
    )
    expect(done.returncode == 0, done.stdout)
    expect(re.search(r"PASSED  \] \d+ tests", done.stdout) is not None, done.stdout)


def bounded_job_writes_each_row_once(case: Case) -> None:
    for guarantee in ("exactly-once", "at-least-once"):
        for checkpoints in (True, False):
            case.postgres.create_tables()
            code, out = case.run(
                *("--guarantee", guarantee, "--parallelism", "2", "--from", "none"),
                *("--upsert", UPSERT),
                checkpoints=checkpoints,
            )
            expect(code == 0, out)
            case.check()
            totals = case.postgres.rows("SELECT key, n, writes FROM totals ORDER BY key")
            expect(totals == [f"k{key}|100|100" for key in range(KEYS)], f"{totals}")


def rows_of_a_large_checkpoint(case: Case) -> None:
    code, out = case.run("--count", "3000", "--padding", "10000", interval="1 h")
    expect(code == 0, out)
    case.check(3000)


def killed_around_a_commit(case: Case) -> None:
    for moment in ("before", "after"):
        case.postgres.create_tables()
        for at in (1, 3):
            code, out = case.run(
                *("--rate", "100", f"--die-{moment}-commit", str(at), "--from", "latest"),
            )
            expect(code == -9, f"{code}: {out}")
        code, out = case.run("--rate", "0", "--from", "latest")
        expect(code == 0, out)
        case.check()
        shutil.rmtree(os.path.join(case.folder, "checkpoints"))


def restored_at_another_parallelism(case: Case) -> None:
    for parallelism in ("2", "3", "1"):
        job = case.job("--rate", "60", "--parallelism", parallelism, "--from", "latest")
        try:
            before = completed(case.folder)
            wait_for("a checkpoint", lambda: completed(case.folder)[-1:] > before[-1:])
        finally:
            job.end()
    code, out = case.run("--rate", "0", "--from", "latest")
    expect(code == 0, out)
    case.check()


def older_checkpoint_is_refused(case: Case) -> None:
    keep = ["-D", "execution.checkpointing.num-retained=1000"]
    job = case.job("--rate", "60", *keep)
    try:
        wait_for("rows", lambda: case.postgres.last_epoch() > 2)
    finally:
        job.end()
    old = min(completed(case.folder))
    (path,) = [
        folder
        for folder, _, _ in os.walk(os.path.join(case.folder, "checkpoints"))
        if folder.endswith(f"/chk-{old}")
    ]
    case.refused(
        *("--from", path),
        parts=["are in the database already", "on_older_checkpoint"],
        codes=(1, REFUSED),
    )
    code, out = case.run("--from", path, "--accept-older")
    expect(code == 0, out)
    expect_in(out, "as on_older_checkpoint() accepts")


def server_that_restarts_is_waited_for(case: Case) -> None:
    again = ["-D", "restart-strategy.type=fixed-delay"]
    again += ["-D", "restart-strategy.fixed-delay.attempts=1000"]
    again += ["-D", "restart-strategy.fixed-delay.delay=200 ms"]
    job = case.job("--rate", "100", "--guarantee", "at-least-once", *again)
    try:
        wait_for("rows", lambda: case.postgres.value("SELECT count(*) FROM results") != "0")
        case.postgres.do("kill")
        wait_for("a retry", lambda: job.has("a JdbcSink repeats .* rows"))
        case.postgres.do("revive")
        code, out = job.wait()
    finally:
        job.end()
    expect(code == 0, out)
    found = case.postgres.value("SELECT count(DISTINCT (key, number)) FROM results")
    expect(found == "600", f"{found} rows of 600")


def errors_before_the_first_record(case: Case) -> None:
    case.refused("--sql", "INSERT INTO nowhere VALUES ($1, $2, $3)", parts=["[42P01]", "nowhere"])
    case.refused("--sql", "INSERT INTO results (k, n, m) VALUES ($1, $2, $3)", parts=["[42703]"])
    case.refused("--sql", "INSERT INTO results VALUES ($1, $2, $3", parts=["[42601]", "syntax"])
    case.refused("--sql", "", parts=["needs a query_statement()"])
    case.refused("--connection", "host", parts=["is not understood", "host=db"])
    server = case.postgres.connection
    case.refused(
        *("--connection", "host=127.0.0.1 port=1 dbname=x user=y"),
        parts=["cannot connect", "127.0.0.1:1", "is the server running and reachable?"],
        codes=(REFUSED, NOT_NOW),
    )
    case.refused("--connection", f"{server} dbname=none", parts=["[3D000]", "create the database"])
    case.refused("--connection", f"{server} user=nobody", parts=["[28000]", "user"])
    reader = f"{server} user=reader"
    case.postgres.run("CREATE ROLE reader LOGIN; GRANT SELECT ON results TO reader")
    once = ["--guarantee", "at-least-once"]
    case.refused("--connection", reader, *once, parts=["[42501]", "permission denied for table"])
    case.postgres.run("GRANT INSERT ON results TO reader; DROP TABLE IF EXISTS weir_epochs")
    case.refused("--connection", reader, parts=["needs the table weir_epochs", "CREATE TABLE weir"])


def wrong_parameters_are_noticed_before_a_checkpoint(case: Case) -> None:
    case.refused("--forget-parameter", parts=["has 3 parameters, but 2 were set"], codes=(1,))
    wrong_type = "INSERT INTO results VALUES ($2, $1, $3)"
    case.refused("--sql", wrong_type, parts=["[22P02]", '"k'], codes=(1,))
    expect(not completed(case.folder), "a checkpoint has such rows")


CASES = [
    parts_of_the_sink,
    bounded_job_writes_each_row_once,
    rows_of_a_large_checkpoint,
    killed_around_a_commit,
    restored_at_another_parallelism,
    older_checkpoint_is_refused,
    server_that_restarts_is_waited_for,
    errors_before_the_first_record,
    wrong_parameters_are_noticed_before_a_checkpoint,
]


if __name__ == "__main__":
    postgres = Postgres()
    run_cases(
        inspect.getdoc(sys.modules[__name__]),
        postgres,
        CASES,
        lambda build, folder, name: Case(build, postgres, folder),
    )
