#!/usr/bin/env python3
"""A real HDFS on this machine for tests: a NameNode and DataNodes, or an HA pair with a JournalNode.

  hdfs.py start --home DIR [--ha] [--datanodes N] [--kerberos] [--encrypt] [--close-delay-ms N]
                                                         writes DIR/env: source it to find the HDFS
  hdfs.py stop --home DIR
  hdfs.py failover --home DIR                            the standby becomes active, the active one standby
  hdfs.py promote --home DIR                             the NameNode that is left becomes active
  hdfs.py observer --home DIR begin|end                  the standby becomes an observer, which answers reads; a standby again
  hdfs.py state --home DIR [NAME]                        prints active, standby or observer
  hdfs.py safemode --home DIR enter|leave
  hdfs.py admin --home DIR ARGS...                       hdfs dfsadmin ARGS
  hdfs.py token --home DIR FILE PRINCIPAL [--cancel]     a file with a delegation token of the principal; ends that token
  hdfs.py datanode --home DIR stop|start|fsyncs          takes the DataNode away, brings it back, prints how often it has synced
  hdfs.py kill --home DIR [NAME]                         kill -9 (of nn1, unless another of nn1, nn2, dn, dn2, jn is named)
  hdfs.py revive --home DIR [NAME]                       starts a killed one again, with its data, on its ports
  hdfs.py pause|resume --home DIR [NAME]                 SIGSTOP, SIGCONT

--datanodes N starts dn, dn2, ..., and files have a replica on each. --kerberos makes a realm with
the principals alice and bob (kerberos.py), and the servers accept each level of protection;
--encrypt makes them encrypt all transfers.

Everything listens on 127.0.0.1, on ports that the system chooses. Jars come from Maven and are kept
in $WEIR_REAL_HOME (~/.cache/weir-real). All state is in DIR; a process is identified by its pid and
start time, never by its name.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import kerberos
import servers
from hdfs_conf import METRICS_SECONDS, NAMESERVICE, namenode_conf, write_conf
from servers import HOST, die, free_ports, say

VERSION = "3.4.2"
ARTIFACTS = ["hadoop-hdfs", "hadoop-common", "hadoop-hdfs-client"]
MAIN = {
    "namenode": "org.apache.hadoop.hdfs.server.namenode.NameNode",
    "datanode": "org.apache.hadoop.hdfs.server.datanode.DataNode",
    "journalnode": "org.apache.hadoop.hdfs.qjournal.server.JournalNode",
}
JAVA = [
    "java",
    "-XX:+UseSerialGC",
    "-Djava.net.preferIPv4Stack=true",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
]


def jars() -> pathlib.Path:
    """The folder of Hadoop's jars."""
    folder = servers.maven_jars(
        f"hadoop-{VERSION}",
        f"Hadoop {VERSION}",
        [f"org.apache.hadoop:{a}:{VERSION}" for a in ARTIFACTS],
    )
    # The jars contain no web pages, but the servers refuse to start without the folders for them.
    for name in ["hdfs", "datanode", "journal", "secondary", "static"]:
        (folder / "web" / "webapps" / name / "WEB-INF").mkdir(parents=True, exist_ok=True)
    return folder


class Home(servers.Home):
    def classpath(self, conf: pathlib.Path) -> str:
        return f"{conf}:{self.state['jars']}/web:{self.state['jars']}/*"

    def java(
        self, conf: pathlib.Path, main: str, *args: str, **options: Any
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs a main class until it ends."""
        return subprocess.run(
            JAVA
            + ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", self.classpath(conf), main, *args],
            timeout=120,
            **options,
        )

    def serve(self, name: str, kind: str, conf: pathlib.Path, heap: str) -> None:
        self.spawn(name, JAVA + [f"-Xmx{heap}", "-cp", self.classpath(conf), MAIN[kind]])


# --- the servers' own reports


def beans(port: int, query: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/jmx?qry={query}", timeout=3) as reply:
            found = json.load(reply)["beans"]
        return found[0] if found else {}
    except (OSError, ValueError, KeyError):
        return {}


def datanode_names(home: Home) -> list[str]:
    return ["dn"] + [f"dn{i}" for i in range(2, home.state["datanodes"] + 1)]


def is_ours(home: Home, name: str, port: int) -> bool:
    """True if the server on the port is the process that was started, and not another one that
    took the port first.
    """
    return beans(port, "java.lang:type=Runtime").get("Name", "").split("@")[0] == str(
        home.pid_of(name)
    )


def answers(home: Home, name: str, port: int) -> Callable[[], bool]:
    return lambda: is_ours(home, name, port)


def takes_blocks(home: Home, nn: str) -> Callable[[], bool]:
    def check() -> bool:
        state = beans(
            home.state["ports"][nn + "_http"], "Hadoop:service=NameNode,name=FSNamesystemState"
        )
        return state.get("FSState") == "Operational" and state.get("NumLiveDataNodes") == sum(
            home.pid_of(name) is not None for name in datanode_names(home)
        )

    return check


def ha_state(home: Home, nn: str) -> str | None:
    return beans(
        home.state["ports"][nn + "_http"], "Hadoop:service=NameNode,name=NameNodeStatus"
    ).get("State")


# --- commands


def start_once(
    home: Home, ha: bool, close_delay_ms: int, datanodes: int, secure: bool, encrypt: bool
) -> None:
    home.state = {
        "datanodes": datanodes,
        "kerberos": secure,
        "encrypt": encrypt,
        "jars": str(jars()),
        "ha": ha,
        "close_delay_ms": close_delay_ms,
        "processes": {},
    }
    names = ["nn1_rpc", "nn1_http"] + (["nn2_rpc", "nn2_http", "jn_rpc", "jn_http"] if ha else [])
    for name in datanode_names(home):
        names += [f"{name}_{kind}" for kind in ("data", "http", "ipc")]
    home.state["ports"] = dict(zip(names, free_ports(len(names)), strict=False))
    home.save()
    if secure:
        kerberos.start(home)
    ports = home.state["ports"]
    conf1 = namenode_conf(home, "nn1")
    if ha:
        home.serve("jn", "journalnode", conf1, "128m")
        home.wait("the JournalNode", answers(home, "jn", ports["jn_http"]), "jn")
    with open(home.folder / "format.log", "ab") as log:
        if (
            home.java(
                conf1,
                MAIN["namenode"],
                "-format",
                "-nonInteractive",
                "-force",
                stdout=log,
                stderr=log,
            ).returncode
            != 0
        ):
            die(f"the NameNode could not be formatted; see {home.folder}/format.log")
    home.serve("nn1", "namenode", conf1, "256m")
    for name in datanode_names(home):
        (home.folder / f"data-{name}").mkdir(mode=0o700, exist_ok=True)
        home.serve(name, "datanode", write_conf(home, name, datanode=name), "256m")
    home.wait("the NameNode", answers(home, "nn1", ports["nn1_http"]), "nn1")
    client = write_conf(home, "client", level="WARN")
    if ha:
        conf2 = namenode_conf(home, "nn2")
        # A NameNode answers over HTTP before it accepts calls.
        home.wait("calls to nn1", listens(ports["nn1_rpc"]), "nn1")
        with open(home.folder / "bootstrap.log", "ab") as log:
            if (
                home.java(
                    conf2,
                    MAIN["namenode"],
                    "-bootstrapStandby",
                    "-nonInteractive",
                    "-force",
                    stdout=log,
                    stderr=log,
                ).returncode
                != 0
            ):
                die(f"the second NameNode could not be prepared; see {home.folder}/bootstrap.log")
        home.serve("nn2", "namenode", conf2, "256m")
        home.wait("the second NameNode", answers(home, "nn2", ports["nn2_http"]), "nn2")
        home.wait("calls to nn2", listens(ports["nn2_rpc"]), "nn2")
        transition(home, "-transitionToActive", "nn1")
    home.wait(
        "the DataNodes at the NameNode", takes_blocks(home, "nn1"), "nn1", *datanode_names(home)
    )
    uri = f"hdfs://{NAMESERVICE}" if ha else f"hdfs://{HOST}:{ports['nn1_rpc']}"
    environment = {
        "HADOOP_CONF_DIR": client,
        "WEIR_TEST_HDFS": uri,
        "WEIR_TEST_HDFS_HOME": home.folder,
        "WEIR_TEST_HDFS_TOOL": pathlib.Path(__file__).resolve(),
        "WEIR_TEST_HDFS_HA": "1" if ha else "",
        "WEIR_TEST_HDFS_DATANODES": datanodes,
        "WEIR_TEST_HDFS_HTTP": f"{HOST}:{ports['nn1_http']}",
        "WEIR_TEST_HDFS_CLASSPATH": f"{home.state['jars']}/*",
    }
    if secure:
        environment |= kerberos.environment(home.folder)
        environment["WEIR_TEST_HDFS_KERBEROS"] = "encrypt" if encrypt else "1"
    home.write_env(environment)
    say(f"HDFS at {uri}; source {home.folder}/env")


def start(home: Home, arguments: argparse.Namespace) -> None:
    home.begin("an HDFS")
    try:
        leftovers = [*home.folder.glob("data-dn*"), *home.folder.glob("name-nn*")]
        leftovers += [home.folder / "tmp", home.folder / "journal", home.folder / "kerberos"]
        for leftover in leftovers:
            subprocess.run(["rm", "-rf", str(leftover)], check=True)
        start_once(
            home,
            arguments.ha,
            arguments.close_delay_ms,
            arguments.datanodes,
            arguments.kerberos,
            arguments.encrypt,
        )
    except BaseException:
        stop(home, arguments)
        raise


def stop(home: Home, arguments: argparse.Namespace) -> None:
    for name in list(home.state["processes"]):
        home.stop(name)


def listens(port: int) -> Callable[[], bool]:
    def check() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((HOST, port)) == 0

    return check


def transition(home: Home, *arguments: str) -> None:
    done = home.java(
        home.folder / "conf-client",
        "org.apache.hadoop.hdfs.tools.DFSHAAdmin",
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        die(f"haadmin {' '.join(arguments)} failed: {done.stdout.decode(errors='replace')}")


def failover(home: Home, arguments: argparse.Namespace) -> None:
    if not home.state.get("ha"):
        die("failover needs an HDFS that was started with --ha")
    active = "nn1" if ha_state(home, "nn1") == "active" else "nn2"
    other = "nn2" if active == "nn1" else "nn1"
    transition(home, "-transitionToStandby", active)
    transition(home, "-transitionToActive", other)
    home.wait(f"{other} to take blocks", takes_blocks(home, other), other)
    say(f"{other} is active")


def promote(home: Home, arguments: argparse.Namespace) -> None:
    left = next(nn for nn in ["nn1", "nn2"] if home.pid_of(nn) is not None)
    # Nobody answers at the other one, so there is nothing to compare with.
    transition(home, "-transitionToActive", left, "--forceactive")
    home.wait(f"{left} to take blocks", takes_blocks(home, left), left)
    say(f"{left} is active")


def observer(home: Home, arguments: argparse.Namespace) -> None:
    if not home.state.get("ha"):
        die("observer needs an HDFS that was started with --ha")
    passive = "nn2" if ha_state(home, "nn1") == "active" else "nn1"
    transition(
        home,
        "-transitionToObserver" if arguments.what == "begin" else "-transitionToStandby",
        passive,
    )
    say(f"{passive} is {ha_state(home, passive)}")


def state(home: Home, arguments: argparse.Namespace) -> None:
    print(ha_state(home, arguments.name))


def admin(home: Home, *arguments: str) -> None:
    done = home.java(
        home.folder / "conf-client",
        "org.apache.hadoop.hdfs.tools.DFSAdmin",
        *arguments,
        stdout=sys.stderr,
    )
    if done.returncode != 0:
        die(f"dfsadmin {' '.join(arguments)} failed")


def token(home: Home, arguments: argparse.Namespace) -> None:
    """Fetches or ends a delegation token, by a ticket of the principal."""
    tickets = f"{home.folder}/tickets-{os.getpid()}"
    realm = {key: str(value) for key, value in kerberos.environment(home.folder).items()}
    os.environ |= {**realm, "KRB5CCNAME": tickets}
    kerberos.run("kinit", "-k", "-t", realm["WEIR_TEST_KEYTAB"], arguments.principal)
    fetcher = "org.apache.hadoop.hdfs.tools.DelegationTokenFetcher"
    what = ["--cancel"] if arguments.cancel else ["--renewer", "alice"]
    classpath = home.classpath(home.folder / "conf-client")
    kerberos.run(*JAVA, "-cp", classpath, fetcher, *what, arguments.file)
    os.unlink(tickets)


def datanode(home: Home, arguments: argparse.Namespace) -> None:
    if arguments.what == "fsyncs":
        time.sleep(2.5 * METRICS_SECONDS)
        print(
            beans(home.state["ports"]["dn_http"], "Hadoop:service=DataNode,name=DataNodeActivity*")[
                "FsyncCount"
            ]
        )
    elif arguments.what == "stop":
        home.stop("dn")
        home.wait(
            "the NameNode to miss its DataNode",
            lambda: beans(
                home.state["ports"]["nn1_http"], "Hadoop:service=NameNode,name=FSNamesystemState"
            ).get("NumLiveDataNodes")
            == 0,
            "nn1",
        )
    else:
        revive(home, "dn")


def revive(home: Home, name: str) -> None:
    """Restarts a process. When it returns, a NameNode accepts calls and has left safe mode."""
    if home.pid_of(name) is not None:
        die(f"{name} runs already")
    kind = {"nn": "namenode", "dn": "datanode", "jn": "journalnode"}[name[:2]]
    home.serve(name, kind, home.folder / f"conf-{name}", "256m")
    home.wait(name, answers(home, name, home.state["ports"][f"{name}_http"]), name)
    if name != "jn":
        namenode = name if kind == "namenode" else "nn1"
        home.wait("the DataNodes at the NameNode", takes_blocks(home, namenode), namenode)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in [
        "start",
        "stop",
        "failover",
        "promote",
        "observer",
        "state",
        "safemode",
        "admin",
        "token",
        "datanode",
        "kill",
        "revive",
        "pause",
        "resume",
    ]:
        command = commands.add_parser(name)
        command.add_argument("--home", required=True)
        if name == "start":
            command.add_argument("--ha", action="store_true")
            command.add_argument("--close-delay-ms", type=int, default=5)
            command.add_argument("--datanodes", type=int, default=1)
            command.add_argument("--kerberos", action="store_true")
            command.add_argument("--encrypt", action="store_true")
        elif name == "safemode":
            command.add_argument("what", choices=["enter", "leave"])
        elif name == "observer":
            command.add_argument("what", choices=["begin", "end"])
        elif name == "token":
            command.add_argument("file")
            command.add_argument("principal")
            command.add_argument("--cancel", action="store_true")
        elif name == "datanode":
            command.add_argument("what", choices=["stop", "start", "fsyncs"])
        elif name in ("state", "kill", "revive", "pause", "resume"):
            command.add_argument(
                "name", nargs="?", default="nn1", choices=["nn1", "nn2", "dn", "dn2", "dn3", "jn"]
            )
    arguments, rest = parser.parse_known_args()
    if rest and arguments.command != "admin":
        parser.error(f"unknown: {' '.join(rest)}")
    home = Home(arguments.home)
    if arguments.command not in ("start", "stop") and not home.file.exists():
        die(f"no HDFS was started in {home.folder}")
    if arguments.command == "safemode":
        admin(home, "-safemode", arguments.what)
    elif arguments.command == "admin":
        admin(home, *rest)
    elif arguments.command == "kill":
        home.kill(arguments.name)
    elif arguments.command == "revive":
        revive(home, arguments.name)
    elif arguments.command in ("pause", "resume"):
        home.signal(
            arguments.name, signal.SIGSTOP if arguments.command == "pause" else signal.SIGCONT
        )
    else:
        {
            "start": start,
            "stop": stop,
            "failover": failover,
            "promote": promote,
            "observer": observer,
            "state": state,
            "token": token,
            "datanode": datanode,
        }[arguments.command](home, arguments)


if __name__ == "__main__":
    main()
