"""Cases of kafka_test.py: messages in Avro. Producer and consumer are fastavro, which is independent
of weir. The schema registry stands for Confluent's, which no package registry offers: it has its
API, and judges compatibility by Avro's own library for Python.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import http.server
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from real_jobs import NOT_NOW, REFUSED, Job, expect, expect_in, wait_for

if TYPE_CHECKING:
    from kafka_test import Case

PACKAGES = ("fastavro==1.12.2", "avro==1.12.1")
USER, PASSWORD = "key:1", "secret/@"
# Event times of today: they become the times of messages, by which the broker removes old ones.
BEGIN = int(time.time()) // 10 * 10

CLICK: dict[str, Any] = {
    "type": "record",
    "name": "Click",
    "namespace": "web",
    "fields": [
        {"name": "user", "type": "string"},
        {"name": "amount", "type": "int"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}
# What a later producer writes: other order, an older name, a wider type, a note, and more.
LATER_CLICK: dict[str, Any] = {
    "type": "record",
    "name": "ClickEvent",
    "namespace": "web",
    "fields": [
        {"name": "note", "type": ["string", "null"]},
        {"name": "tags", "type": {"type": "map", "values": {"type": "array", "items": "string"}}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "amount", "type": ["null", "long"]},
        {"name": "name", "type": "string"},
    ],
}


@functools.cache
def libraries() -> tuple[Any, Any, Any]:
    """(fastavro, avro.compatibility, avro.schema)"""
    folder = tempfile.mkdtemp(prefix="weir-avro-")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-input", "--target", folder]
        + ["--disable-pip-version-check", "--root-user-action=ignore", *PACKAGES],
        check=True,
        timeout=300,
    )
    sys.path.insert(0, folder)
    import avro.compatibility
    import avro.schema
    import fastavro

    return fastavro, avro.compatibility, avro.schema


class Registry:
    """A schema registry. The rule of compatibility is BACKWARD."""

    def __init__(self, user: str | None = None, password: str | None = None) -> None:
        self.schemas: list[str] = []  # texts; the id is the index + 1
        self.subjects: dict[str, list[int]] = {}  # name -> ids
        self.down = threading.Event()  # schemas cannot be read
        self.asked: list[str] = []
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length) or b"{}")
                login = base64.b64encode(f"{user}:{password}".encode()).decode()
                if user and self.headers.get("Authorization") != f"Basic {login}":
                    code, answer = 401, {"error_code": 401, "message": "Unauthorized"}
                else:
                    registry.asked.append(f"{self.command} {self.path}")
                    code, answer = registry.answer(self.path, body)
                data = json.dumps(answer).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        parts = path.partition("?")[0].strip("/").split("/")
        if parts == ["schemas", "types"]:
            return 200, ["JSON", "PROTOBUF", "AVRO"]
        if parts[:2] == ["schemas", "ids"]:
            if self.down.is_set():
                return 503, {"error_code": 50301, "message": "no leader"}
            number = int(parts[2])
            if not 1 <= number <= len(self.schemas):
                return 404, {"error_code": 40403, "message": f"Schema {number} not found"}
            return 200, {"schema": self.schemas[number - 1]}
        if parts[0] == "compatibility":
            if parts[2] not in self.subjects:
                return 404, {"error_code": 40401, "message": f"Subject '{parts[2]}' not found."}
            problems = self.problems(parts[2], body["schema"])
            return 200, {"is_compatible": not problems, "messages": problems}
        if parts[2:] == ["versions"]:
            problems = self.problems(parts[1], body["schema"])
            if problems:
                return 409, {"error_code": 409, "message": problems[0]}
            return 200, {"id": self.add(parts[1], body["schema"])}
        return 404, {"error_code": 404, "message": path}

    def add(self, subject: str, schema: str | dict[str, Any]) -> int:
        text = schema if isinstance(schema, str) else json.dumps(schema)
        if text not in self.schemas:
            self.schemas.append(text)
        number = self.schemas.index(text) + 1
        ids = self.subjects.setdefault(subject, [])
        if number not in ids:
            ids.append(number)
        return number

    def problems(self, subject: str, text: str) -> list[str]:
        """Why a reader by this schema cannot read what the subject's last one has written."""
        if subject not in self.subjects:
            return []
        _, compatibility, schema = libraries()
        last = self.schemas[self.subjects[subject][-1] - 1]
        checked = compatibility.ReaderWriterCompatibilityChecker().get_compatibility(
            schema.parse(text), schema.parse(last)
        )
        compatible = checked.compatibility == compatibility.SchemaCompatibilityType.compatible
        return [] if compatible else sorted(checked.messages) or ["incompatible"]

    def message(self, subject: str, schema: dict[str, Any], value: dict[str, Any]) -> bytes:
        """A message as a producer with Confluent's serializer writes it."""
        fastavro = libraries()[0]
        out = io.BytesIO()
        out.write(b"\0" + self.add(subject, schema).to_bytes(4, "big"))
        fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
        return out.getvalue()

    def value(self, message: bytes) -> dict[str, Any]:
        fastavro = libraries()[0]
        expect(message[0] == 0, f"the message begins with {message[:5]!r}")
        schema = json.loads(self.schemas[int.from_bytes(message[1:5], "big") - 1])
        body = io.BytesIO(message[5:])
        value = fastavro.schemaless_reader(body, fastavro.parse_schema(schema))
        expect(body.read() == b"", "bytes follow the record")
        return value

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def world(case: Case, **login: str) -> Iterator[Registry]:
    libraries()
    registry = Registry(**login)
    try:
        case.kafka.topic(case.input, 1)
        case.kafka.topic(case.output, 1)
        yield registry
    finally:
        registry.close()


def produce(case: Case, messages: list[bytes]) -> None:
    paths = []
    for i, message in enumerate(messages):
        paths.append(os.path.join(case.folder, f"message-{i}"))
        with open(paths[-1], "wb") as out:
            out.write(message)
    case.kafka.kcat("-P", "-t", case.input, "-p", "0", *paths)


def consume(case: Case) -> list[bytes]:
    """The bytes of the results."""
    done = subprocess.run(
        ["kcat", "-b", case.kafka.servers, "-C", "-t", case.output, "-o", "beginning", "-e", "-q"]
        + ["-f", "%S %s", "-X", "isolation.level=read_committed"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    messages, rest = [], done.stdout
    while rest:
        length, _, rest = rest.partition(b" ")
        messages.append(rest[: int(length)])
        rest = rest[int(length) :]
    return messages


def job(case: Case, registry: Registry, *arguments: str) -> Job:
    return case.job("--registry", registry.url, *arguments, program="kafka_avro_job")


def run(case: Case, registry: Registry, *arguments: str) -> tuple[int, str]:
    return job(case, registry, *arguments).wait()


def early_and_later_clicks(case: Case, registry: Registry) -> list[bytes]:
    subject = f"{case.input}-value"
    early = [
        registry.message(
            subject, CLICK, {"user": f"u{i % 3}", "amount": i, "at": (BEGIN + i) * 1000}
        )
        for i in range(30)
    ]
    later = [
        registry.message(
            subject,
            LATER_CLICK,
            {
                "note": f"n{i}" if i % 2 else None,
                "tags": {"a": ["b", "c"]},
                "at": (BEGIN + i) * 1000000 + 999,
                "amount": i + 2**40,
                "name": f"u{i % 3}",
            },
        )
        for i in range(30)
    ]
    return [message for pair in zip(early, later, strict=False) for message in pair]


def expected_totals() -> list[tuple[Any, ...]]:
    totals: dict[tuple[str, int], tuple[int, int, str | None]] = {}
    for i in range(30):
        key = (f"u{i % 3}", BEGIN + i // 10 * 10)
        clicks, amount, note = totals.get(key, (0, 0, None))
        totals[key] = (clicks + 2, amount + 2 * i + 2**40, f"n{i}" if i % 2 else note)
    return sorted((*key, *value) for key, value in totals.items())


def totals_of(case: Case, registry: Registry) -> list[tuple[Any, ...]]:
    found = []
    for message in consume(case):
        value = registry.value(message)
        found.append(
            (
                value["user"],
                int(value["from"].timestamp()),
                value["clicks"],
                value["amount"],
                value["last_note"],
            )
        )
    return sorted(found)


def expect_totals(case: Case, registry: Registry) -> None:
    """The broker ends a committed transaction in its topics a moment after the commit."""
    expected = expected_totals()
    wait_for("results", lambda: len(consume(case)) >= len(expected))
    found = totals_of(case, registry)
    expect(found == expected, f"{found}")


def avro_from_topic_to_topic(case: Case) -> None:
    with world(case, user=USER, password=PASSWORD) as registry:
        produce(case, early_and_later_clicks(case, registry))
        login = ("--user", USER, "--password", PASSWORD)
        code, out = run(case, registry, *login)
        expect(code == 0, out)
        expect_totals(case, registry)
        schema = json.loads(registry.schemas[registry.subjects[f"{case.output}-value"][0] - 1])
        expect((schema["namespace"], schema["name"]) == ("shop", "Total"), f"{schema}")
        reads = [path for path in registry.asked if path.startswith("GET /schemas/ids/")]
        expect(sorted(reads) == ["GET /schemas/ids/1", "GET /schemas/ids/2"], f"{reads}")
        code, out = run(case, registry, "--user", USER, "--password", "x", "--from", "none")
        expect(code == REFUSED, out)
        expect_in(out, "refuses the user, the password or the token (HTTP 401): Unauthorized")


def avro_errors_before_the_first_record(case: Case) -> None:
    with world(case) as registry:
        produce(case, early_and_later_clicks(case, registry))
        narrow = {
            "type": "record",
            "name": "Total",
            "namespace": "shop",
            "fields": [{"name": "user", "type": "string"}],
        }
        registry.add(f"{case.output}-value", narrow)
        code, out = run(case, registry)
        expect(code == REFUSED, out)
        expect_in(out, "would refuse the schema of the records", f"'{case.output}-value'")
        registry.close()
        code, out = run(case, registry)
        expect(code in (REFUSED, NOT_NOW), out)
        expect_in(out, "cannot reach the schema registry", registry.url)
        expect(consume(case) == [], "results of a job that was refused")


def avro_poison_messages(case: Case) -> None:
    with world(case) as registry:
        good = early_and_later_clicks(case, registry)
        poison = [
            b'{"user": "u0"}',
            b"\0\0\0\1\1" + good[0][5:],
            good[0][:-1],
            b"\0\0\0",
            good[1] + b"\0",
        ]
        produce(case, [*poison, *good])
        code, out = run(case, registry, "-D", "restart-strategy.type=none")
        expect(code == 1, out)
        expect_in(
            out,
            f"the message at offset 0 of {case.input}-0 cannot be deserialized",
            "the message begins with the byte 123, and one with the id of a schema begins with 0",
        )
        code, out = run(case, registry, "--skip-poison", "--from", "none")
        expect(code == 0, out)
        expect_in(
            out,
            "has no schema 257 (HTTP 404): Schema 257 not found",
            "with the schema 1 of the registry: field 'at': the message ends inside of an integer",
            "the message has 3 bytes, and the id of a schema in the registry takes the first 5",
            "with the schema 2 of the registry: 1 bytes follow the record",
        )
        expect_totals(case, registry)


def avro_registry_that_fails_later(case: Case) -> None:
    """Messages whose schema cannot be read now are not malformed: the job tries again."""
    with world(case) as registry:
        produce(case, early_and_later_clicks(case, registry))
        registry.down.set()
        running = job(
            case,
            registry,
            "--skip-poison",
            "-D",
            "restart-strategy.type=fixed-delay",
            "-D",
            "restart-strategy.fixed-delay.attempts=1000",
            "-D",
            "restart-strategy.fixed-delay.delay=100 ms",
        )
        try:
            wait_for("two attempts", lambda: registry.asked.count("GET /schemas/ids/1") >= 2)
            registry.down.clear()
            code, out = running.wait()
        finally:
            running.end()
        expect(code == 0, out)
        expect_in(out, "no schema registry answers", "HTTP 503: no leader")
        expect_totals(case, registry)


CASES = [
    avro_from_topic_to_topic,
    avro_errors_before_the_first_record,
    avro_poison_messages,
    avro_registry_that_fails_later,
]
