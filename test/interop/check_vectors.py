"""Checks this client's encoding, sealing and opening against test/vectors; prints one JSON line, ends with 1 on a difference."""

import json
import sys
from pathlib import Path

from protobuf import DecodeError, Schema
from voice_packets import CHANNEL_TAG_BYTES, SESSION_TAG_BYTES, Header, Voice, VOICE
from voice_packets import nonce_of, open_pong, open_voice, seal_ping, seal_voice, session_tag

REPOSITORY = Path(__file__).resolve().parents[2]
DIRECTIONS = {"client": "ClientMessage", "server": "ServerMessage"}


class Checks:
    def __init__(self):
        self.count = 0
        self.differences: list[str] = []

    def equal(self, what: str, actual, expected) -> None:
        self.count += 1
        if actual != expected:
            self.differences.append(what)


def check_control(checks: Checks, vectors: dict, schema: Schema) -> None:
    for vector in vectors["frames"] + vectors["other_frames"]:
        kind = DIRECTIONS[vector["from"]]
        frame = bytes.fromhex(vector["frame"])
        fields = {key: value for key, value in vector.items() if key not in ("name", "from", "frame")}
        message = from_vector(schema, kind, fields)
        body = schema.encode(kind, message)
        checks.equal(f"encoding {vector['name']}", len(body).to_bytes(4, "big") + body, frame)
        decoded = schema.decode(kind, frame[4:])
        checks.equal(f"decoding {vector['name']}", without_defaults(decoded), without_defaults(message))
    for vector in vectors["refused_by_server"]:
        frame = bytes.fromhex(vector["bytes"])
        if vector["code"] == "MALFORMED" and len(frame) > 4:
            checks.equal(f"refusing {vector['name']}", is_message(schema, "ClientMessage", frame[4:]), False)


def check_voice(checks: Checks, vectors: dict) -> None:
    for vector in vectors["voice"]:
        header = Header(VOICE, vector["epoch"], vector["target_id"], vector["session_id"], vector["counter"])
        voice = Voice(vector["frame_number"], vector["end_of_talk"], bytes.fromhex(vector["opus"]))
        channel_key, client_key = bytes.fromhex(vector["channel_key"]), bytes.fromhex(vector["client_key"])
        checks.equal(f"header of {vector['name']}", header.to_bytes().hex(), vector["header"])
        checks.equal(f"nonce of {vector['name']}", nonce_of(header.to_bytes()).hex(), vector["nonce"])
        up = seal_voice(header, voice, channel_key, client_key)
        checks.equal(f"sealing {vector['name']}", up.hex(), vector["up"])
        checks.equal(f"forwarding {vector['name']}", up[:-SESSION_TAG_BYTES].hex(), vector["down"])
        checks.equal(f"opening {vector['name']}", open_voice(bytes.fromhex(vector["down"]), channel_key), voice)
    for vector in vectors["ping"]:
        numbers = (int(vector["timestamp"], 16), int(vector["path_token"], 16))
        ping = seal_ping(vector["session_id"], vector["counter"], *numbers, bytes.fromhex(vector["key"]))
        checks.equal(f"ping, {vector['name']}", ping.hex(), vector["datagram"])
    for vector in vectors["pong"]:
        pong = open_pong(bytes.fromhex(vector["datagram"]), vector["session_id"], bytes.fromhex(vector["key"]))
        expected = (int(vector["timestamp"], 16), int(vector["path_token"], 16))
        checks.equal(f"pong, {vector['name']}", pong and (pong.timestamp, pong.path_token), expected)
    check_refusals(checks, vectors)


def check_refusals(checks: Checks, vectors: dict) -> None:
    state = vectors["state"]
    keys = {(target["target_id"], target["epoch"] & 0xFF): target["channel_key"] for target in state["targets"]}
    for vector in vectors["refused_by_client"]:
        packet = bytes.fromhex(vector["datagram"])
        key = keys.get((int.from_bytes(packet[2:6], "big"), packet[1] if len(packet) > 1 else 0))
        voice = open_voice(packet, bytes.fromhex(key)) if key else None
        pong = open_pong(packet, state["session_id"], bytes.fromhex(state["server_key"]))
        checks.equal(f"refusing {vector['name']}", (voice, pong), (None, None))
    for vector in vectors["refused_by_relay"]:
        packet = bytes.fromhex(vector["datagram"])
        if vector["reason"] == "bad_session_tag":
            tag = session_tag(bytes.fromhex(state["client_key"]), packet[:-SESSION_TAG_BYTES])
            checks.equal(f"refusing {vector['name']}", tag == packet[-SESSION_TAG_BYTES:], False)


def from_vector(schema: Schema, kind: str, vector: dict) -> dict:
    """A vector's JSON as this client's message: keys, bytes and integers of 64 bits are hexadecimal there."""
    types = {field.name: field.type for field in schema.messages[kind]}

    def converted(kind: str, value):
        if isinstance(value, list):
            return [converted(kind, item) for item in value]
        if kind in schema.messages:
            return from_vector(schema, kind, value)
        if kind == "bytes":
            return bytes.fromhex(value)
        return int(value, 16) if kind in ("fixed64", "uint64") else value

    return {name: converted(types[name], value) for name, value in vector.items()}


def without_defaults(value):
    if isinstance(value, list):
        return [without_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: without_defaults(item)
        for name, item in value.items()
        if isinstance(item, dict) or item not in (0, False, "", b"", [])
    }


def is_message(schema: Schema, kind: str, data: bytes) -> bool:
    try:
        schema.decode(kind, data)
    except DecodeError:
        return False
    return True


def main() -> int:
    schema = Schema.load(REPOSITORY / "proto" / "control.proto")
    checks = Checks()
    folder = REPOSITORY / "test" / "vectors"
    check_control(checks, json.loads((folder / "control-frames.json").read_text(encoding="utf-8")), schema)
    check_voice(checks, json.loads((folder / "voice-packets.json").read_text(encoding="utf-8")))
    print(json.dumps({"checks": checks.count, "differences": checks.differences}))
    return 1 if checks.differences else 0


if __name__ == "__main__":
    sys.exit(main())
