"""Just enough of Protocol Buffers for the control protocol: the messages are read from the .proto file itself.

A message is a dict. Fields that hold their default are left out when encoding, and are there when decoding, but for
messages and members of a oneof, which are in the dict only where they are in the bytes.
"""

import re
from dataclasses import dataclass
from pathlib import Path

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
WIRE_TYPES = {
    **dict.fromkeys(["uint32", "uint64", "int32", "int64", "sint32", "sint64", "bool"], VARINT),
    **dict.fromkeys(["string", "bytes"], LENGTH),
    "fixed32": FIXED32,
    "fixed64": FIXED64,
}
DEFAULTS = {"bool": False, "string": "", "bytes": b""}
MAX_VARINT_BYTES = 10


class DecodeError(ValueError):
    """The bytes are no message of this kind."""


@dataclass(frozen=True)
class Field:
    number: int
    name: str
    type: str
    repeated: bool
    oneof: str | None


class Schema:
    """The messages and enums of one .proto file: proto3 without floating point numbers, maps and nested definitions."""

    def __init__(self, text: str):
        text = re.sub(r"//[^\n]*", "", text)
        self.enums: dict[str, dict[int, str]] = {}
        self.messages: dict[str, list[Field]] = {}
        for name, body in re.findall(r"\benum (\w+) \{([^}]*)\}", text):
            self.enums[name] = {int(number): value for value, number in re.findall(r"(\w+) = (\d+);", body)}
        for name, body in re.findall(r"\bmessage (\w+) \{((?:[^{}]|\{[^}]*\})*)\}", text):
            self.messages[name] = sorted(fields_of(body), key=lambda field: field.number)

    @staticmethod
    def load(path: Path) -> "Schema":
        return Schema(path.read_text(encoding="utf-8"))

    def encode(self, type_name: str, message: dict) -> bytes:
        unknown = message.keys() - {field.name for field in self.messages[type_name]}
        if unknown:
            raise KeyError(f"{type_name} has no field {', '.join(sorted(unknown))}")
        out = bytearray()
        for field in self.messages[type_name]:
            if field.name in message:
                out += self._encode_field(field, message[field.name])
        return bytes(out)

    def decode(self, type_name: str, data: bytes) -> dict:
        fields = {field.number: field for field in self.messages[type_name]}
        message = {
            field.name: [] if field.repeated else self._default(field)
            for field in fields.values()
            if field.oneof is None and (field.repeated or field.type not in self.messages)
        }
        position = 0
        while position < len(data):
            key, position = read_varint(data, position)
            number, wire_type = key >> 3, key & 7
            if number == 0:
                raise DecodeError("a field with the number 0")
            value, position = read_value(data, position, wire_type)
            if number in fields:
                self._put(message, fields, fields[number], wire_type, value)
        return message

    def _default(self, field: Field):
        return DEFAULTS.get(field.type, 0)

    def _wire_type(self, field: Field) -> int:
        if field.type in self.enums:
            return VARINT
        return LENGTH if field.type in self.messages else WIRE_TYPES[field.type]

    def _encode_field(self, field: Field, value) -> bytes:
        wire_type = self._wire_type(field)
        if field.repeated and wire_type != LENGTH:
            return with_length(field.number, b"".join(scalar_bytes(field.type, item) for item in value)) if value else b""
        if not field.repeated and field.oneof is None and value == self._default(field):
            return b""
        out = bytearray()
        for item in value if field.repeated else [value]:
            data = self.encode(field.type, item) if field.type in self.messages else scalar_bytes(field.type, item)
            out += with_length(field.number, data) if wire_type == LENGTH else varint(field.number << 3 | wire_type) + data
        return bytes(out)

    def _put(self, message: dict, fields: dict[int, Field], field: Field, wire_type: int, value) -> None:
        for other in fields.values():
            if other.oneof is not None and other.oneof == field.oneof and other is not field:
                message.pop(other.name, None)
        expected = self._wire_type(field)
        if field.repeated and wire_type == LENGTH != expected:
            position = 0
            while position < len(value):
                item, position = read_value(value, position, expected)
                message[field.name].append(scalar_value(field.type, item))
            return
        if wire_type != expected:
            raise DecodeError(f"{field.name} has the wire type {wire_type}")
        item = self.decode(field.type, value) if field.type in self.messages else scalar_value(field.type, value)
        if field.repeated:
            message[field.name].append(item)
        else:
            message[field.name] = item


def scalar_bytes(kind: str, value) -> bytes:
    """A scalar's bytes, without the length of a string."""
    if kind in ("string", "bytes"):
        return value.encode("utf-8") if kind == "string" else value
    if kind in ("fixed32", "fixed64"):
        return value.to_bytes(4 if kind == "fixed32" else 8, "little")
    if kind in ("sint32", "sint64"):
        return varint(value * 2 if value >= 0 else -value * 2 - 1)
    return varint(int(value) & 0xFFFFFFFFFFFFFFFF)


def scalar_value(kind: str, value):
    """The reverse: of the number, or of the bytes, that stand in a message."""
    if kind == "string":
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DecodeError("a string is no UTF-8") from error
    if kind == "bool":
        return value != 0
    if kind in ("bytes", "fixed32", "fixed64"):
        return value
    bits = 64 if kind.endswith("64") else 32
    value &= (1 << bits) - 1
    if kind.startswith("sint"):
        return value >> 1 if value % 2 == 0 else -(value >> 1) - 1
    return value - (1 << bits) if kind.startswith("int") and value >> (bits - 1) else value


def fields_of(body: str):
    """The fields of one message, those within a oneof too."""
    oneofs = re.findall(r"oneof (\w+) \{([^}]*)\}", body)
    for oneof, inside in [*oneofs, (None, re.sub(r"oneof \w+ \{[^}]*\}", "", body))]:
        for repeated, kind, name, number in re.findall(r"(repeated )?(\w+) (\w+) = (\d+);", inside):
            yield Field(int(number), name, kind, bool(repeated), oneof)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def with_length(number: int, data: bytes) -> bytes:
    return varint(number << 3 | LENGTH) + varint(len(data)) + data


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for index in range(MAX_VARINT_BYTES):
        if position + index >= len(data):
            raise DecodeError("the bytes end within a number")
        byte = data[position + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, position + index + 1
    raise DecodeError("a number is too long")


def read_value(data: bytes, position: int, wire_type: int):
    """The value at a position, as an int or as bytes, and the position behind it."""
    if wire_type == VARINT:
        return read_varint(data, position)
    if wire_type == LENGTH:
        length, position = read_varint(data, position)
        if position + length > len(data):
            raise DecodeError("a field is longer than its message")
        return data[position : position + length], position + length
    size = {FIXED64: 8, FIXED32: 4}.get(wire_type)
    if size is None or position + size > len(data):
        raise DecodeError("a field of an unknown kind, or one that is cut off")
    return int.from_bytes(data[position : position + size], "little"), position + size
