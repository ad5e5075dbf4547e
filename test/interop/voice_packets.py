"""The datagrams of docs/NETWORK_PROTOCOL.md: sealing and opening voice, pings and pongs."""

import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VOICE, PING, PONG = 0x50, 0x51, 0x52
HEADER_BYTES = 16
CHANNEL_TAG_BYTES = 16
SESSION_TAG_BYTES = 12
MEDIA_HEADER_BYTES = 4
PING_BYTES = 44
MAX_OPUS_BYTES = 1152
MIN_VOICE_DOWN_BYTES = HEADER_BYTES + MEDIA_HEADER_BYTES + CHANNEL_TAG_BYTES
MAX_VOICE_DOWN_BYTES = MIN_VOICE_DOWN_BYTES + MAX_OPUS_BYTES
END_OF_TALK = 1 << 31


@dataclass(frozen=True)
class Header:
    kind: int
    epoch: int
    target_id: int
    session_id: int
    counter: int

    @staticmethod
    def parse(data: bytes) -> "Header":
        """Of a datagram that has at least HEADER_BYTES."""
        integer = int.from_bytes
        return Header(data[0], data[1], integer(data[2:6], "big"), integer(data[6:10], "big"), integer(data[10:16], "big"))

    def to_bytes(self) -> bytes:
        ids = self.target_id.to_bytes(4, "big") + self.session_id.to_bytes(4, "big")
        return bytes([self.kind, self.epoch & 0xFF]) + ids + self.counter.to_bytes(6, "big")


@dataclass(frozen=True)
class Voice:
    frame_number: int
    end_of_talk: bool
    opus: bytes


@dataclass(frozen=True)
class Pong:
    timestamp: int
    path_token: int


def seal_voice(header: Header, voice: Voice, channel_key: bytes, client_key: bytes) -> bytes:
    """One voice packet as a client sends it."""
    head = header.to_bytes()
    media_header = (voice.frame_number | (END_OF_TALK if voice.end_of_talk else 0)).to_bytes(4, "big")
    packet = head + AESGCM(channel_key).encrypt(nonce_of(head), media_header + voice.opus, head)
    return packet + session_tag(client_key, packet)


def seal_ping(session_id: int, counter: int, timestamp: int, path_token: int, client_key: bytes) -> bytes:
    head = Header(PING, 0, 0, session_id, counter).to_bytes()
    packet = head + timestamp.to_bytes(8, "big") + path_token.to_bytes(8, "big")
    return packet + session_tag(client_key, packet)


def open_voice(packet: bytes, channel_key: bytes) -> Voice | None:
    """A voice packet as the relay forwards it; None where it is not sealed under the key, or is no voice."""
    if not MIN_VOICE_DOWN_BYTES <= len(packet) <= MAX_VOICE_DOWN_BYTES or packet[0] != VOICE:
        return None
    head = packet[:HEADER_BYTES]
    try:
        plaintext = AESGCM(channel_key).decrypt(nonce_of(head), packet[HEADER_BYTES:], head)
    except InvalidTag:
        return None
    media_header = int.from_bytes(plaintext[:MEDIA_HEADER_BYTES], "big")
    voice = Voice(media_header & (END_OF_TALK - 1), media_header >= END_OF_TALK, plaintext[MEDIA_HEADER_BYTES:])
    return voice if voice.opus or voice.end_of_talk else None


def open_pong(packet: bytes, session_id: int, server_key: bytes) -> Pong | None:
    """A pong for this session; None where it is not one."""
    if len(packet) != PING_BYTES or packet[0] != PONG or Header.parse(packet).session_id != session_id:
        return None
    content, tag = packet[:-SESSION_TAG_BYTES], packet[-SESSION_TAG_BYTES:]
    if not hmac.compare_digest(tag, session_tag(server_key, content)):
        return None
    return Pong(int.from_bytes(packet[16:24], "big"), int.from_bytes(packet[24:32], "big"))


def session_tag(key: bytes, packet: bytes) -> bytes:
    """The first 12 bytes of the tag: what GCM calls a tag of 12 bytes."""
    return AESGCM(key).encrypt(nonce_of(packet), b"", packet)[:SESSION_TAG_BYTES]


def nonce_of(packet: bytes) -> bytes:
    return b"\0\0" + packet[6:HEADER_BYTES]
