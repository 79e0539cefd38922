#!/usr/bin/env python3
"""A real PostgreSQL on this machine for tests, from Debian's package postgresql-15.

  postgres.py start --home DIR          writes DIR/env: source it to find the server
  postgres.py stop --home DIR
  postgres.py kill --home DIR           kill -9 of the server and its sessions
  postgres.py revive --home DIR         starts it again, with its data, on its port
  postgres.py pause|resume --home DIR   SIGSTOP, SIGCONT of the server and its sessions
  postgres.py env --home DIR            prints DIR/env

It listens on 127.0.0.1, on a port that the system chooses. The server refuses to run as root: then
it and its data belong to the user postgres. All state is in DIR; a process is identified by its pid
and start time, never by its name.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import pwd
import signal
import subprocess
from typing import Any

import servers
from servers import HOST, die, free_ports

SERVER = "postgres"
BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
USER = "weir"
SETTINGS = {
    "max_connections": 60,
    "log_min_messages": "warning",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    # As kill -9 and not the loss of power is tested.
    "fsync": "off",
    "deadlock_timeout": "100ms",
}


def owner() -> tuple[int, int] | None:
    """Who the server runs as: (uid, gid), or None for the user who runs this."""
    if os.geteuid() != 0:
        return None
    found = pwd.getpwnam("postgres")
    return found.pw_uid, found.pw_gid


def as_owner() -> dict[str, Any]:
    them = owner()
    return {} if them is None else {"user": them[0], "group": them[1], "extra_groups": []}


class Home(servers.Home):
    @property
    def data(self) -> pathlib.Path:
        return self.folder / "data"

    def create(self) -> None:
        if not (BIN / "initdb").exists():
            die(f"{BIN} is missing: install the package postgresql-15")
        self.data.mkdir(mode=0o700, exist_ok=True)
        if (them := owner()) is not None:
            os.chown(self.data, *them)
            self.folder.chmod(0o711)
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            [str(BIN / "initdb"), "-D", str(self.data), "-U", USER, "-A", "trust", "-E", "UTF8"]
            + ["--locale=C.UTF-8", "--no-sync"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            timeout=120,
            **as_owner(),
        )
        if done.returncode != 0:
            die("initdb failed\n" + done.stdout.decode(errors="replace")[-2000:])

    def serve(self) -> None:
        port = self.state["port"]
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        self.spawn(
            SERVER,
            [
                str(BIN / "postgres"),
                "-D",
                str(self.data),
                f"--port={port}",
                f"--listen_addresses={HOST}",
            ]
            + ["--unix_socket_directories=", *settings],
            **as_owner(),
        )
        self.wait("PostgreSQL", self.serves, SERVER)

    def serves(self) -> bool:
        """True if it accepts statements: after a kill it repairs its data first."""
        done = subprocess.run(
            [BIN / "pg_isready", "-q", "-h", HOST, "-p", str(self.state["port"])], timeout=30
        )
        return done.returncode == 0

    def sessions(self) -> list[int]:
        """The processes that the server has started."""
        pid = self.pid_of(SERVER)
        if pid is None:
            return []
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return [int(child) for child in children.read().split()]

    def signal_all(self, number: int) -> None:
        self.signal(SERVER, number)
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def start(home: Home, arguments: argparse.Namespace) -> None:
    home.begin("PostgreSQL")
    (home.state["port"],) = free_ports(1)
    home.create()
    home.serve()
    home.write_env(
        {
            "WEIR_TEST_POSTGRES": f"host={HOST} port={home.state['port']} user={USER} dbname=postgres",
        }
    )


def stop(home: Home, arguments: argparse.Namespace) -> None:
    # SIGINT: ends the sessions, then itself.
    with contextlib.suppress(ProcessLookupError):
        if (pid := home.pid_of(SERVER)) is not None:
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGINT)
    home.stop(SERVER)


def kill(home: Home, arguments: argparse.Namespace) -> None:
    sessions = {pid: servers.start_time(pid) for pid in home.sessions()}
    home.kill(SERVER)
    for pid, started in sessions.items():
        if servers.start_time(pid) == started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    # They hold the server's memory until they are gone.
    home.wait(
        "the end of the sessions",
        lambda: all(servers.start_time(pid) != started for pid, started in sessions.items()),
    )


def revive(home: Home, arguments: argparse.Namespace) -> None:
    # It names the killed server, which looks alive until somebody reaps it.
    (home.data / "postmaster.pid").unlink(missing_ok=True)
    home.serve()


def pause(home: Home, arguments: argparse.Namespace) -> None:
    home.signal_all(signal.SIGSTOP)


def resume(home: Home, arguments: argparse.Namespace) -> None:
    home.signal_all(signal.SIGCONT)


COMMANDS = {
    "start": start,
    "stop": stop,
    "kill": kill,
    "revive": revive,
    "pause": pause,
    "resume": resume,
    "env": servers.print_env,
}


if __name__ == "__main__":
    servers.run_command("PostgreSQL", Home, COMMANDS, __doc__)
