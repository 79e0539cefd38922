#!/usr/bin/env python3
"""A real ZooKeeper on this machine for tests: one server, or an ensemble of three.

  zookeeper.py start --home DIR [--servers 1|3]   writes DIR/env: source it to find the servers
  zookeeper.py stop --home DIR
  zookeeper.py kill --home DIR [SERVER]           kill -9 (of server 1, unless another is named)
  zookeeper.py revive --home DIR [SERVER]         starts a killed one again, with its data, on its port
  zookeeper.py pause|resume --home DIR [SERVER]   SIGSTOP, SIGCONT
  zookeeper.py env --home DIR                     prints DIR/env

Everything listens on 127.0.0.1, on ports that the system chooses. Jars come from Maven and are kept
in $WEIR_REAL_HOME (~/.cache/weir-real). All state is in DIR; a process is identified by its pid and
start time, never by its name.
"""

from __future__ import annotations

import argparse
import pathlib
import signal
import socket
import subprocess

import servers
from servers import HOST, die, free_ports, say

VERSION = "3.9.4"
# Session time-outs are at least two and at most twenty of these; see maxSessionTimeout.
TICK_MS = 500
# The server needs snappy and the metrics to start, although its pom marks them as provided, and
# logback to write its log.
ARTIFACTS = [
    "org.apache.zookeeper:zookeeper:" + VERSION,
    "org.xerial.snappy:snappy-java:1.1.10.5",
    "io.dropwizard.metrics:metrics-core:4.1.12.1",
    "ch.qos.logback:logback-classic:1.3.15",
]
MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"


def process(server: str) -> str:
    return f"server-{server}"


class Home(servers.Home):
    def serve(self, server: str) -> None:
        self.spawn(
            process(server),
            [
                "java",
                "-Xmx192m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djava.net.preferIPv4Stack=true",
                "-cp",
                f"{self.folder / ('conf-' + server)}:{self.state['jars']}/*",
                MAIN,
                str(self.folder / f"conf-{server}" / "zoo.cfg"),
            ],
        )

    def wait_ready(self, server: str) -> None:
        self.wait(process(server), lambda: serves(self, server), process(server))


def four_letters(port: int, word: bytes) -> str:
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(word)
            reply = b""
            while piece := connection.recv(65536):
                reply += piece
        return reply.decode(errors="replace")
    except OSError:
        return ""


def serves(home: Home, server: str) -> bool:
    """True if the server accepts requests, and is the process that was started, not another one
    that took the port first.
    """
    port = home.state["ports"][server]["client"]
    if "Mode: " not in four_letters(port, b"srvr"):
        return False
    return f"dataDir={home.folder}/data-{server}/" in four_letters(port, b"conf")


def write_conf(home: Home, server: str) -> None:
    conf, data, ports = (
        home.folder / f"conf-{server}",
        home.folder / f"data-{server}",
        home.state["ports"],
    )
    conf.mkdir(exist_ok=True)
    data.mkdir(exist_ok=True)
    lines = [
        f"tickTime={TICK_MS}",
        "maxSessionTimeout=60000",
        f"dataDir={data}",
        f"clientPortAddress={HOST}",
        f"clientPort={ports[server]['client']}",
        "admin.enableServer=false",
        "4lw.commands.whitelist=*",
        "maxClientCnxns=0",
    ]
    if len(ports) > 1:
        lines += ["initLimit=20", "syncLimit=10"] + [
            f"server.{n}={HOST}:{p['peer']}:{p['election']}" for n, p in ports.items()
        ]
        (data / "myid").write_text(server)
    (conf / "zoo.cfg").write_text("\n".join(lines) + "\n")
    (conf / "logback.xml").write_text(
        '<configuration><appender name="C" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d{ISO8601} %p %c{1}: %m%n'
        '</pattern></encoder></appender><root level="INFO"><appender-ref ref="C"/></root></configuration>'
    )


def start(home: Home, arguments: argparse.Namespace) -> None:
    home.begin("a ZooKeeper")
    numbers = [str(n + 1) for n in range(arguments.servers)]
    ports = iter(free_ports(3 * len(numbers)))
    jars = servers.maven_jars(f"zookeeper-{VERSION}", f"ZooKeeper {VERSION}", ARTIFACTS)
    home.state = {
        "jars": str(jars),
        "processes": {},
        "ports": {
            n: {"client": next(ports), "peer": next(ports), "election": next(ports)}
            for n in numbers
        },
    }
    home.save()
    try:
        for number in numbers:
            subprocess.run(["rm", "-rf", str(home.folder / f"data-{number}")], check=True)
            write_conf(home, number)
        for number in numbers:
            home.serve(number)
        for number in numbers:
            home.wait_ready(number)
    except BaseException:
        stop(home, arguments)
        raise
    quorum = ",".join(f"{HOST}:{home.state['ports'][number]['client']}" for number in numbers)
    home.write_env(
        {
            "WEIR_TEST_ZOOKEEPER": quorum,
            "WEIR_TEST_ZOOKEEPER_HOME": home.folder,
            "WEIR_TEST_ZOOKEEPER_TOOL": pathlib.Path(__file__).resolve(),
        }
    )
    say(f"ZooKeeper at {quorum}; source {home.folder}/env")


def stop(home: Home, arguments: argparse.Namespace) -> None:
    for name in list(home.state["processes"]):
        home.kill(name)  # a server keeps what it has acknowledged


def kill(home: Home, arguments: argparse.Namespace) -> None:
    home.kill(process(arguments.server))


def revive(home: Home, arguments: argparse.Namespace) -> None:
    if home.pid_of(process(arguments.server)) is not None:
        die(f"server {arguments.server} runs already")
    home.serve(arguments.server)
    home.wait_ready(arguments.server)


def pause(home: Home, arguments: argparse.Namespace) -> None:
    home.signal(process(arguments.server), signal.SIGSTOP)


def resume(home: Home, arguments: argparse.Namespace) -> None:
    home.signal(process(arguments.server), signal.SIGCONT)


def env(home: Home, arguments: argparse.Namespace) -> None:
    print((home.folder / "env").read_text(), end="")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ["start", "stop", "kill", "revive", "pause", "resume", "env"]:
        command = commands.add_parser(name)
        command.add_argument("--home", required=True)
        if name == "start":
            command.add_argument("--servers", type=int, choices=[1, 3], default=1)
        elif name in ("kill", "revive", "pause", "resume"):
            command.add_argument("server", nargs="?", default="1")
    arguments = parser.parse_args()
    home = Home(arguments.home)
    if arguments.command not in ("start", "stop"):
        if not home.file.exists():
            die(f"no ZooKeeper was started in {home.folder}")
        if arguments.command != "env" and arguments.server not in home.state["ports"]:
            die(f"there is no server {arguments.server} in {home.folder}")
    {
        "start": start,
        "stop": stop,
        "kill": kill,
        "revive": revive,
        "pause": pause,
        "resume": resume,
        "env": env,
    }[arguments.command](home, arguments)


if __name__ == "__main__":
    main()
