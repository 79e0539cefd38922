#!/usr/bin/env python3
"""A real Kafka on this machine for tests: one broker, which is its own controller.

  kafka.py start --home DIR [--version V] [--transaction-version N] [--set KEY=VALUE]…
                                       writes DIR/env: source it to find the broker
  kafka.py stop --home DIR
  kafka.py kill --home DIR             kill -9
  kafka.py revive --home DIR           starts it again, with its data, on its port
  kafka.py pause|resume --home DIR     SIGSTOP, SIGCONT
  kafka.py topic --home DIR NAME [--partitions N] [--set KEY=VALUE]…    makes a topic
  kafka.py grow --home DIR NAME --partitions N                          adds partitions
  kafka.py drop --home DIR NAME
  kafka.py truncate --home DIR NAME PARTITION OFFSET   deletes the records before that offset
  kafka.py env --home DIR              prints DIR/env

Everything listens on 127.0.0.1, on ports that the system chooses. The broker has five listeners:
plain text; SASL without and with TLS, with the mechanisms PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 (user
`weir`, password `secret-of-weir`) and OAUTHBEARER (any token that nobody has signed); TLS; and TLS
that demands a certificate of the client. DIR/ca.pem vouches for the broker; DIR/client.crt and
DIR/client.key (password `secret-of-weir`) are a client's. Jars come from Maven and are kept in $WEIR_REAL_HOME (~/.cache/weir-real). All state is in DIR; a process is identified
by its pid and start time, never by its name.
"""

from __future__ import annotations

import argparse
import pathlib
import signal
import socket
import subprocess

import servers
from servers import HOST, die, free_ports, say

VERSION = "4.4.0"
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3"
JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true"]
USER = "weir"
PASSWORD = "secret-of-weir"
BROKER = "broker"
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
CLIENT_LISTENERS = ["PLAINTEXT", "SASL", "SASLTLS", "TLS", "MUTUAL"]


class Home(servers.Home):
    def classpath(self) -> str:
        return f"{self.folder}:{self.state['jars']}/*"

    def run(self, *command: object) -> str:
        """Runs a program on the jars until it ends."""
        done = subprocess.run(
            [*JAVA, "-Xmx256m", "-cp", self.classpath(), *map(str, command)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
        )
        if done.returncode != 0:
            die(f"{command[0]} failed:\n{done.stdout.decode(errors='replace')[-2000:]}")
        return done.stdout.decode(errors="replace")

    def admin(self, *arguments: object) -> str:
        source = pathlib.Path(__file__).with_name("KafkaAdmin.java")
        return self.run(source, self.state["servers"], *arguments)

    def serve(self) -> None:
        self.spawn(
            BROKER,
            [
                *JAVA,
                "-Xmx512m",
                "-cp",
                self.classpath(),
                "kafka.Kafka",
                str(self.folder / "server.properties"),
            ],
        )
        self.wait("Kafka", self.serves, BROKER)

    def serves(self) -> bool:
        """True if the broker accepts connections and has said that it is up."""
        try:
            with socket.create_connection((HOST, self.state["port"]), timeout=2):
                return "Kafka Server started" in self.log_since_start()
        except OSError:
            return False

    def log_since_start(self) -> str:
        log = self.folder / f"{BROKER}.log"
        return log.read_text(errors="replace")[self.state.get("log_begin", 0) :]


def openssl(home: Home, *command: object) -> None:
    done = subprocess.run(
        ["openssl", *map(str, command)], cwd=home.folder, capture_output=True, text=True
    )
    if done.returncode != 0:
        die(f"openssl {command[0]} failed: {done.stderr}")


def write_certificates(home: Home) -> None:
    """ca.pem, and what it vouches for: server.pem for this host, and client.crt."""
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"]
    openssl(home, *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA")
    openssl(
        home,
        *[*new, "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key"],
        *["-out", "server.crt", "-subj", "/CN=broker", "-addext", f"subjectAltName=IP:{HOST}"],
    )
    openssl(
        home,
        *["req", "-x509", "-newkey", "rsa:2048", "-passout", f"pass:{PASSWORD}", "-days", "3650"],
        *["-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "client.key", "-out", "client.crt"],
        *["-subj", "/CN=weir"],
    )
    (home.folder / "server.pem").write_text(
        (home.folder / "server.key").read_text() + (home.folder / "server.crt").read_text()
    )


def sasl_conf(listener: str) -> dict[str, str]:
    """Lets a listener accept users by SASL."""
    prefix = f"listener.name.{listener}"
    login = "org.apache.kafka.common.security"
    scram = f"{login}.scram.ScramLoginModule required;"
    return {
        f"{prefix}.sasl.enabled.mechanisms": ",".join(MECHANISMS),
        f"{prefix}.plain.sasl.jaas.config": f"{login}.plain.PlainLoginModule required "
        f'user_{USER}="{PASSWORD}";',
        f"{prefix}.scram-sha-256.sasl.jaas.config": scram,
        f"{prefix}.scram-sha-512.sasl.jaas.config": scram,
        f"{prefix}.oauthbearer.sasl.jaas.config": f"{login}.oauthbearer.OAuthBearerLoginModule "
        'required unsecuredLoginStringClaim_sub="broker";',
    }


def write_conf(home: Home, settings: dict[str, str]) -> None:
    security = {
        "PLAINTEXT": "PLAINTEXT",
        "SASL": "SASL_PLAINTEXT",
        "SASLTLS": "SASL_SSL",
        "TLS": "SSL",
        "MUTUAL": "SSL",
        "CONTROLLER": "PLAINTEXT",
    }
    controller = home.state["ports"]["CONTROLLER"]
    listeners = {name: f"{name}://{HOST}:{port}" for name, port in home.state["ports"].items()}
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join(listeners.values()),
        "advertised.listeners": ",".join(listeners[name] for name in CLIENT_LISTENERS),
        "listener.security.protocol.map": ",".join(f"{k}:{v}" for k, v in security.items()),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": home.folder / "server.pem",
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.mutual.ssl.truststore.type": "PEM",
        "listener.name.mutual.ssl.truststore.location": home.folder / "ca.pem",
        **sasl_conf("sasl"),
        **sasl_conf("sasltls"),
        "log.dirs": home.folder / "data",
        "num.partitions": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        "log.retention.check.interval.ms": "1000",
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
        **settings,
    }
    (home.folder / "server.properties").write_text(
        "".join(f"{key}={value}\n" for key, value in lines.items())
    )
    (home.folder / "log4j2.properties").write_text(
        "appender.c.type=Console\nappender.c.name=c\nappender.c.layout.type=PatternLayout\n"
        "appender.c.layout.pattern=%d{ISO8601} %p %c{1}: %m%n\n"
        "rootLogger.level=warn\nrootLogger.appenderRef.c.ref=c\n"
        "logger.s.name=kafka.server.KafkaRaftServer\nlogger.s.level=info\n"
    )


def settings_of(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            die(f"--set {pair}: write KEY=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


def start(home: Home, arguments: argparse.Namespace) -> None:
    home.begin("a Kafka")
    ports = dict(
        zip([*CLIENT_LISTENERS, "CONTROLLER"], free_ports(len(CLIENT_LISTENERS) + 1), strict=False)
    )
    client = ports["PLAINTEXT"]
    version = arguments.version
    artifacts = [f"org.apache.kafka:kafka_2.13:{version}", LOGGING]
    jars = servers.maven_jars(f"kafka-{version}", f"Kafka {version}", artifacts)
    home.state = {
        "jars": str(jars),
        "processes": {},
        "port": client,
        "ports": ports,
        "servers": f"{HOST}:{client}",
    }
    home.save()
    subprocess.run(["rm", "-rf", str(home.folder / "data")], check=True)
    try:
        write_certificates(home)
        write_conf(home, settings_of(arguments.set))
        format_storage(home, arguments.transaction_version)
        home.serve()
        home.admin("scram", USER, PASSWORD)
    except BaseException:
        stop(home, arguments)
        raise
    home.write_env(
        {
            "WEIR_TEST_KAFKA": home.state["servers"],
            **{
                f"WEIR_TEST_KAFKA_{name}": f"{HOST}:{port}"
                for name, port in ports.items()
                if name in CLIENT_LISTENERS[1:]
            },
            "WEIR_TEST_KAFKA_HOME": home.folder,
            "WEIR_TEST_KAFKA_TOOL": pathlib.Path(__file__).resolve(),
        }
    )
    say(f"Kafka at {home.state['servers']}; source {home.folder}/env")


def format_storage(home: Home, transaction_version: int | None) -> None:
    command = ["kafka.tools.StorageTool", "format", "-t", "d2VpcndlaXJ3ZWlyd2Vpcg"]
    command += ["-c", str(home.folder / "server.properties")]
    if transaction_version is not None:
        command += ["--feature", f"transaction.version={transaction_version}"]
    home.run(*command)


def stop(home: Home, arguments: argparse.Namespace) -> None:
    home.kill(BROKER)


def kill(home: Home, arguments: argparse.Namespace) -> None:
    home.kill(BROKER)


def revive(home: Home, arguments: argparse.Namespace) -> None:
    if home.pid_of(BROKER) is not None:
        die("the broker runs already")
    home.state["log_begin"] = len(home.log_since_start()) + home.state.get("log_begin", 0)
    home.serve()


def pause(home: Home, arguments: argparse.Namespace) -> None:
    home.signal(BROKER, signal.SIGSTOP)


def resume(home: Home, arguments: argparse.Namespace) -> None:
    home.signal(BROKER, signal.SIGCONT)


def topic(home: Home, arguments: argparse.Namespace) -> None:
    home.admin("create", arguments.name, arguments.partitions, *arguments.set)


def grow(home: Home, arguments: argparse.Namespace) -> None:
    home.admin("grow", arguments.name, arguments.partitions)


def drop(home: Home, arguments: argparse.Namespace) -> None:
    home.admin("drop", arguments.name)


def truncate(home: Home, arguments: argparse.Namespace) -> None:
    home.admin("truncate", arguments.name, arguments.partition, arguments.offset)


COMMANDS = {
    "start": start,
    "stop": stop,
    "kill": kill,
    "revive": revive,
    "pause": pause,
    "resume": resume,
    "topic": topic,
    "grow": grow,
    "drop": drop,
    "truncate": truncate,
    "env": servers.print_env,
}


def add_options(name: str, command: argparse.ArgumentParser) -> None:
    if name == "start":
        command.add_argument("--version", default=VERSION)
        command.add_argument("--transaction-version", type=int, choices=[0, 1, 2])
    if name in ("start", "topic"):
        command.add_argument("--set", action="append", default=[])
    if name in ("topic", "grow", "drop", "truncate"):
        command.add_argument("name")
    if name in ("topic", "grow"):
        command.add_argument("--partitions", type=int, default=1)
    if name == "truncate":
        command.add_argument("partition", type=int)
        command.add_argument("offset", type=int)


if __name__ == "__main__":
    servers.run_command("Kafka", Home, COMMANDS, __doc__, add_options)
