#!/usr/bin/env python3
"""A real S3 server on this machine for tests: versitygw, which keeps objects as files and checks
signatures.

  s3.py start --home DIR               writes DIR/env: source it to find the server
  s3.py stop --home DIR
  s3.py kill --home DIR                kill -9
  s3.py revive --home DIR              starts it again, with its objects, on its port
  s3.py pause|resume --home DIR        SIGSTOP, SIGCONT
  s3.py bucket --home DIR NAME         makes a bucket
  s3.py env --home DIR                 prints DIR/env

It listens on 127.0.0.1, on a port that the system chooses. It is built from its module, by a Go
that comes from the same proxy, because Debian 12 has an older one. It is kept in $WEIR_REAL_HOME (~/.cache/weir-real). All state is in DIR; a process is identified by its
pid and start time, never by its name.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import socket
import subprocess
import tempfile
import urllib.request
import zipfile
from pathlib import Path

import servers
from servers import HOST, die, free_ports, say

VERSION = "v1.8.0"
MODULE = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"
GO = "go1.25.4"
GO_SHA256 = "f4fa35e13952bae9836a82d8cf077710cd58fee98d31680f94edf435852b1af2"
ACCESS_KEY = "weir"
SECRET_KEY = "secret-of-weir"
REGION = "us-east-1"
SERVER = "versitygw"


def proxy() -> str:
    """The first module proxy that Go would ask."""
    return os.environ.get("GOPROXY", "https://proxy.golang.org").split(",")[0].rstrip("/")


def unpack_go(folder: Path) -> Path:
    """The path of the go command, unpacked into a folder."""
    url = f"{proxy()}/golang.org/toolchain/@v/v0.0.1-{GO}.linux-amd64.zip"
    archive = folder / "go.zip"
    say(f"fetching {url}")
    try:
        urllib.request.urlretrieve(url, archive)
    except OSError as error:
        die(f"cannot fetch {url}: {error}; is the module proxy reachable?")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != GO_SHA256:
        die(f"{url} has the SHA-256 {found} instead of {GO_SHA256}")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    root = folder / f"golang.org/toolchain@v0.0.1-{GO}.linux-amd64"
    for directory in ("bin", "pkg/tool"):  # a module's archive has no permissions
        for file in (root / directory).rglob("*"):
            file.chmod(0o755)
    return root / "bin/go"


def build(into: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="weir-go-") as scratch:
        go = unpack_go(Path(scratch))
        say(f"building {SERVER} {VERSION} in {into}")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GO") or k == "GOPROXY"}
        done = subprocess.run(
            [go, "install", "-modcacherw", "-ldflags=-s -w", MODULE],
            env={
                **kept,
                "GOBIN": str(into),
                "GOPATH": f"{scratch}/path",
                "GOCACHE": f"{scratch}/cache",
                "GOTOOLCHAIN": "local",
                "CGO_ENABLED": "0",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=1500,
        )
    if done.returncode != 0:
        die(f"cannot build {MODULE}\n" + done.stdout.decode(errors="replace")[-2000:])


def program() -> Path:
    """The path of the server, which is built once."""
    with servers.fetched_once(SERVER, VERSION) as (folder, missing):
        if missing:
            build(folder)
    return folder / SERVER


class Home(servers.Home):
    def serve(self) -> None:
        self.spawn(
            SERVER,
            [
                *[str(program()), "--port", f"{HOST}:{self.state['port']}", "--region", REGION],
                *["--quiet", "posix", "--sidecar", str(self.folder / "meta")],
                str(self.folder / "objects"),
            ],
            env={**os.environ, "ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY},
        )
        self.wait("the S3 server", self.serves, SERVER)

    def serves(self) -> bool:
        try:
            with socket.create_connection((HOST, self.state["port"]), timeout=2):
                return True
        except OSError:
            return False


def start(home: Home, arguments: argparse.Namespace) -> None:
    home.begin("An S3 server")
    for folder in ("objects", "meta"):
        (home.folder / folder).mkdir(exist_ok=True)
    (home.state["port"],) = free_ports(1)
    home.serve()
    home.write_env(
        {
            "WEIR_TEST_S3": f"http://{HOST}:{home.state['port']}",
            "WEIR_TEST_S3_ACCESS_KEY": ACCESS_KEY,
            "WEIR_TEST_S3_SECRET_KEY": SECRET_KEY,
            "WEIR_TEST_S3_HOME": home.folder,
        }
    )
    make_bucket(home, "weir-test")


def make_bucket(home: Home, name: str) -> None:
    # The server takes a folder below its root for a bucket.
    (home.folder / "objects" / name).mkdir(exist_ok=True)


def stop(home: Home, arguments: argparse.Namespace) -> None:
    home.stop(SERVER)


def kill(home: Home, arguments: argparse.Namespace) -> None:
    home.kill(SERVER)


def revive(home: Home, arguments: argparse.Namespace) -> None:
    home.serve()


def pause(home: Home, arguments: argparse.Namespace) -> None:
    home.signal(SERVER, signal.SIGSTOP)


def resume(home: Home, arguments: argparse.Namespace) -> None:
    home.signal(SERVER, signal.SIGCONT)


def bucket(home: Home, arguments: argparse.Namespace) -> None:
    make_bucket(home, arguments.name)


COMMANDS = {
    "start": start,
    "stop": stop,
    "kill": kill,
    "revive": revive,
    "pause": pause,
    "resume": resume,
    "bucket": bucket,
    "env": servers.print_env,
}


def add_options(name: str, command: argparse.ArgumentParser) -> None:
    if name == "bucket":
        command.add_argument("name")


if __name__ == "__main__":
    servers.run_command("S3 server", Home, COMMANDS, __doc__, add_options)
