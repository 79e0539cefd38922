#!/usr/bin/env python3
"""Writes golden.txt: messages that fastavro, an implementation of Avro that is independent of weir,
has written. Run it after a change of the cases, with fastavro from PyPI; its result is checked in.

Each line has a name, the schema by which the message is written, and the message in hexadecimal,
separated by tabs.
"""

from __future__ import annotations

import io
import json
import os
from typing import Any

import fastavro

INNER = {
    "type": "record",
    "name": "Inner",
    "fields": [
        {"name": "a", "type": "int"},
        {"name": "b", "type": {"type": "array", "items": "float"}},
    ],
}
EVERYTHING = {
    "type": "record",
    "name": "Everything",
    "namespace": "shop",
    "fields": [
        {"name": "flag", "type": "boolean"},
        {"name": "small", "type": "int"},
        {"name": "big", "type": "long"},
        {"name": "real", "type": "float"},
        {"name": "number", "type": "double"},
        {"name": "text", "type": "string"},
        {"name": "bytes", "type": "bytes"},
        {"name": "digest", "type": {"type": "fixed", "name": "fixed_4", "size": 4}},
        {
            "name": "color",
            "type": {
                "type": "enum",
                "name": "Color",
                "symbols": ["RED", "GREEN"],
                "default": "RED",
            },
        },
        {"name": "inner", "type": INNER},
        {"name": "inners", "type": {"type": "array", "items": "Inner"}},
        {"name": "maybe", "type": ["null", "string"], "default": None},
        {"name": "scores", "type": {"type": "map", "values": "double"}},
        {"name": "one_of", "type": ["long", "string", "Inner", "null"]},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "millis", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "micros", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "lasts", "type": "long"},
    ],
}
VALUE = {
    "flag": True,
    "small": -7,
    "big": -(2**63),
    "real": 1.5,
    "number": -0.1,
    "text": "Grüße",
    "bytes": b"\x00\xff\x80",
    "digest": b"\x01\x02\x03\x04",
    "color": "GREEN",
    "inner": {"a": 2**31 - 1, "b": [0.5, -2.0]},
    "inners": [{"a": -1, "b": []}, {"a": 0, "b": [1.0]}],
    "maybe": "yes",
    "scores": {"a": 2.5},
    "one_of": "text",
    "day": 19723,
    "millis": 1700000000123,
    "micros": -1,
    "lasts": 90,
}
# The same record as an older or newer program writes it: other order, types that are promoted,
# an older name, more fields, other branches and symbols.
OTHER = {
    "type": "record",
    "name": "Event",
    "namespace": "other",
    "fields": [
        {"name": "extra", "type": {"type": "map", "values": {"type": "array", "items": "string"}}},
        {"name": "number", "type": "float"},
        {"name": "title", "type": "bytes"},
        {"name": "count", "type": "int"},
        {
            "name": "color",
            "type": {"type": "enum", "name": "Paint", "symbols": ["BLUE", "GREEN", "RED"]},
        },
        {"name": "maybe", "type": ["long", "int", "null"]},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "list", "type": ["null", {"type": "array", "items": ["null", "int"]}]},
        {
            "name": "tree",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "Tree",
                    "fields": [{"name": "children", "type": {"type": "array", "items": "Tree"}}],
                },
            ],
        },
    ],
}
OTHER_VALUE = {
    "extra": {"k": ["v", "w"], "l": []},
    "number": 0.25,
    "title": b"Ole",
    "count": 12,
    "color": "GREEN",
    "maybe": 2**40,
    "price": b"\x01\x02",
    "at": 1700000000123456,
    "list": [1, None, 3],
    "tree": {"children": [{"children": []}, {"children": [{"children": []}]}]},
}
NODE = {
    "type": "record",
    "name": "Node",
    "fields": [
        {"name": "value", "type": "int"},
        {"name": "children", "type": {"type": "array", "items": "Node"}},
    ],
}
CASES: list[tuple[str, Any, Any]] = [
    ("everything", EVERYTHING, VALUE),
    ("nothing", EVERYTHING, {**VALUE, "maybe": None, "one_of": None, "scores": {}, "inners": []}),
    ("inner", EVERYTHING, {**VALUE, "one_of": ("shop.Inner", {"a": 5, "b": []})}),
    ("other", OTHER, OTHER_VALUE),
    (
        "node",
        NODE,
        {"value": 1, "children": [{"value": 2, "children": [{"value": 3, "children": []}]}]},
    ),
    ("string", "string", "a text"),
]


def message(schema: Any, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


def main() -> None:
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.txt")
    with open(path, "w") as out:
        for name, schema, value in CASES:
            text = json.dumps(schema, separators=(",", ":"))
            print(name, text, message(schema, value).hex(), sep="\t", file=out)


if __name__ == "__main__":
    main()
