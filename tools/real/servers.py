"""Shared by the tools in this folder: jars, ports, and processes, which are identified by pid
and start time, never by name.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

HOST = "127.0.0.1"
READY_SECONDS = 90
STOP_SECONDS = 10


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def die(text: str) -> NoReturn:
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {text}")


# --- jars


def cache_home() -> pathlib.Path:
    folder = (
        pathlib.Path(
            os.environ.get("WEIR_REAL_HOME") or pathlib.Path.home() / ".cache" / "weir-real"
        )
        / "jars"
    )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def fetched_once(name: str, wanted: str) -> Iterator[tuple[pathlib.Path, bool]]:
    """The cache's folder `name`, and whether it must be filled; concurrent runs fill it only
    once. It counts as filled with `wanted` if the `with` ends without an exception."""
    folder = cache_home() / name
    with open(cache_home() / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / ".stamp"
        missing = not stamp.exists() or stamp.read_text() != wanted
        folder.mkdir(parents=True, exist_ok=True)
        yield folder, missing
        if missing:
            stamp.write_text(wanted)


def run_maven(goal: str, what: str, cwd: pathlib.Path | str, *arguments: str) -> None:
    """Runs a goal of Maven's dependency plugin."""
    done = subprocess.run(
        ["mvn", "-B", "-q", "-ntp", "-Dstyle.color=never"]
        + [f"org.apache.maven.plugins:maven-dependency-plugin:3.6.1:{goal}", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=900,
    )
    if done.returncode != 0:
        die(
            f"maven could not fetch {what}: is Maven Central reachable?\n"
            + done.stdout.decode(errors="replace")[-2000:]
        )


def maven_copy(artifact: str, folder: pathlib.Path | str) -> None:
    """Fetches the jar of one artifact (group:artifact:version), without its dependencies."""
    run_maven("copy", artifact, folder, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}")


def maven_jars(name: str, what: str, artifacts: list[str]) -> pathlib.Path:
    """The folder with the jars of `artifacts` (group:artifact:version) and all their
    dependencies.
    """
    dependencies = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
            *a.split(":")
        )
        for a in artifacts
    )
    with fetched_once(name, hashlib.sha256(dependencies.encode()).hexdigest()) as (folder, missing):
        if missing:
            pom = folder / ".pom"
            pom.mkdir(exist_ok=True)
            (pom / "pom.xml").write_text(
                '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>weir.real</groupId>'
                f"<artifactId>{name}</artifactId><version>1</version><packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>"
            )
            say(f"fetching {what} into {folder}")
            run_maven(
                "copy-dependencies",
                what,
                pom,
                "-DincludeScope=runtime",
                f"-DoutputDirectory={folder}",
            )
    return folder


# --- processes


def start_time(pid: int) -> str | None:
    """None if it does not run. In a container the first process may never reap the ended ones."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(") ")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def free_ports(count: int) -> list[int]:
    """Unused ports. All are held until the last is known, so that none is returned twice."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            s = stack.enter_context(socket.socket())
            s.bind((HOST, 0))
            ports.append(s.getsockname()[1])
        return ports


class Home:
    """The folder of one system of servers: state.json lists the processes and ports."""

    def __init__(self, folder: pathlib.Path | str) -> None:
        self.folder = pathlib.Path(folder).resolve()
        self.file = self.folder / "state.json"
        self.state = json.loads(self.file.read_text()) if self.file.exists() else {"processes": {}}

    def begin(self, what: str) -> None:
        """Checks before a start that nothing of this folder is running, and that the folder is
        this tool's or empty.
        """
        if any(self.pid_of(name) for name in self.state["processes"]):
            die(f"{what} runs in {self.folder} already: stop it first")
        if self.folder.exists() and any(self.folder.iterdir()) and not self.file.exists():
            die(f"{self.folder} holds other things: give an empty folder, or one of this tool")
        self.folder.mkdir(parents=True, exist_ok=True)

    def save(self) -> None:
        temporary = self.file.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.state, indent=1))
        temporary.replace(self.file)

    def pid_of(self, name: str) -> int | None:
        entry = self.state["processes"].get(name)
        if not entry or entry["started"] is None:
            return None
        return entry["pid"] if start_time(entry["pid"]) == entry["started"] else None

    def spawn(self, name: str, command: Sequence[str | pathlib.Path], **options: Any) -> None:
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **options,
        )
        self.state["processes"][name] = {"pid": process.pid, "started": start_time(process.pid)}
        self.save()

    def signal(self, name: str, number: int) -> None:
        pid = self.pid_of(name)
        if pid is None:
            die(f"{name} does not run in {self.folder}")
        os.kill(pid, number)

    def _signal_and_wait(self, name: str, number: int) -> bool:
        """True if the process is gone."""
        pid = self.pid_of(name)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while pid is not None and self.pid_of(name) is not None and time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.02)
        return self.pid_of(name) is None

    def stop(self, name: str) -> None:
        """Sends SIGTERM, and SIGKILL if that does not end it."""
        if not self._signal_and_wait(name, signal.SIGTERM):
            self._signal_and_wait(name, signal.SIGKILL)
        self.state["processes"].pop(name, None)
        self.save()

    def kill(self, name: str) -> None:
        self._signal_and_wait(name, signal.SIGKILL)
        self.state["processes"].pop(name, None)
        self.save()

    def log_tail(self, name: str) -> str:
        log = self.folder / f"{name}.log"
        return (
            "".join(log.read_text(errors="replace").splitlines(True)[-8:]) if log.exists() else ""
        )

    def wait(self, what: str, condition: Callable[[], Any], *names: str) -> None:
        """Waits until the condition holds. Ends this program if it does not hold in time, or if
        one of the processes ends.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            for name in names:
                if self.pid_of(name) is None:
                    die(f"{name} ended while waiting for {what}:\n{self.log_tail(name)}")
            if time.monotonic() > deadline:
                die(f"{what} did not come within {READY_SECONDS} s; see {self.folder}/*.log")
            time.sleep(0.1)

    def write_env(self, environment: Mapping[str, object]) -> None:
        """Writes DIR/env: source it to find the servers."""
        (self.folder / "env").write_text(
            "".join(f"export {k}={shlex.quote(str(v))}\n" for k, v in environment.items())
        )


# --- the command line of a tool


def print_env(home: Home, arguments: argparse.Namespace) -> None:
    print((home.folder / "env").read_text(), end="")


def run_command(
    what: str,
    home_class: Callable[[str], Home],
    commands: Mapping[str, Callable[[Any, argparse.Namespace], None]],
    description: str | None,
    add_options: Callable[[str, argparse.ArgumentParser], None] = lambda name, command: None,
) -> None:
    """Carries out the command of the command line: commands[name](home, arguments)."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parsers = parser.add_subparsers(dest="command", required=True)
    for name in commands:
        command = parsers.add_parser(name)
        command.add_argument("--home", required=True)
        add_options(name, command)
    arguments = parser.parse_args()
    home = home_class(arguments.home)
    if arguments.command not in ("start", "stop") and not home.file.exists():
        die(f"no {what} was started in {home.folder}")
    commands[arguments.command](home, arguments)
