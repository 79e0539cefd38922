"""Shared by the tests against a real PostgreSQL: the server, its tables, and what they must hold
after the job of postgres_job.cc.
"""

from __future__ import annotations

import subprocess

from real_jobs import RealSystem, expect

KEYS = 6
INSERT = "INSERT INTO results VALUES ($1, $2, $3)"
# It adds up how often it ran, so a repeated row is noticed.
UPSERT = (
    "INSERT INTO totals VALUES ($1, $2, $3, 1) ON CONFLICT (key) DO UPDATE "
    "SET n = EXCLUDED.n, number = EXCLUDED.number, writes = totals.writes + 1"
)


class Postgres(RealSystem):
    def __init__(self) -> None:
        super().__init__("postgres.py")

    @property
    def connection(self) -> str:
        return self.env["WEIR_TEST_POSTGRES"]

    def run(self, sql: str) -> str:
        """What an independent client prints."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, self.connection],
            capture_output=True,
            text=True,
            timeout=60,
        )
        expect(done.returncode == 0, f"{sql}: {done.stderr}")
        return done.stdout

    def rows(self, sql: str) -> list[str]:
        return self.run(sql).splitlines()

    def value(self, sql: str) -> str:
        return self.run(sql).strip()

    def last_epoch(self) -> int:
        """The last checkpoint whose rows are written."""
        if self.value("SELECT to_regclass('weir_epochs')") == "":
            return -1
        return int(self.value("SELECT coalesce(max(epoch), -1) FROM weir_epochs"))

    def create_tables(self) -> None:
        self.run(
            "SET client_min_messages = warning; "
            "DROP TABLE IF EXISTS results, totals, weir_epochs; "
            "CREATE TABLE results (key text, n bigint, number bigint); "
            "CREATE TABLE totals (key text PRIMARY KEY, n bigint, number bigint, writes bigint)"
        )


def wrong_rows(postgres: Postgres, count: int) -> str | None:
    """None, or what is wrong with the table of the results of `count` numbers."""
    each = count // KEYS
    found = postgres.rows(
        "SELECT left(key, 2), count(*), count(DISTINCT n), count(DISTINCT number), min(n), max(n), "
        "max(number) FROM results GROUP BY key ORDER BY key"
    )
    wanted = [f"k{key}|{each}|{each}|{each}|1|{each}|{each - 1}" for key in range(KEYS)]
    return None if found == wanted else f"rows are lost or repeated: {found} instead of {wanted}"
