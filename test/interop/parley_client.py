"""A Parley client in Python, written from docs/NETWORK_PROTOCOL.md.

It takes commands as JSON lines from standard input and tells what happens as JSON lines on standard output:

    {"do": "login", "host": "127.0.0.1", "port": 9000, "fingerprint": "AB:CD:...", "organization": "demo", "username": "alice", "password": "..."}
    {"do": "join", "channel": "Lobby", "password": ""}
    {"do": "talk", "channel": "Lobby", "packets": ["fc0102", ...], "frame_number": 0}
    {"do": "whisper", "users": ["bob"], "packets": ["fc0102", ...], "frame_number": 0}
    {"do": "text", "channel": "Lobby", "text": "..."}
    {"do": "set_self_state", "muted": true, "deafened": false}
    {"do": "leave", "channel": "Lobby"}
    {"do": "listen", "channel": "Lobby"}
    {"do": "block_udp", "blocked": true}
    {"do": "close"}

`talk` sends one packet of 20 ms after the other in real time. `block_udp` stands for a network that lets no UDP
pass; `login` takes it too. Instead of organization, username and password `login` takes an `access_token`.
Needs Python 3.11 and python3-cryptography.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

from control_connection import ConnectionEnded, ControlConnection, Refused
from protobuf import Schema
from voice_packets import HEADER_BYTES, PONG, VOICE, Header, Voice, open_pong, open_voice, seal_ping, seal_voice
from voice_path import VoicePath

PROTO = Path(__file__).resolve().parents[2] / "proto" / "control.proto"
PACKET_SECONDS = 0.02
FRAMES_PER_PACKET = 2
OLD_KEY_SECONDS = 2.0
HELD_PACKET_SECONDS = 0.5
# How long the last packets may be on their way by UDP, before the control connection ends what they belong to.
LINGER_SECONDS = 0.5
REPLAY_WINDOW = 1024
TICK_SECONDS = 0.05
SERVER = -1
WHISPER_BIT = 1 << 31
CLOSED = "closed by command"


class ParleyClient(asyncio.DatagramProtocol):
    def __init__(self, connection: ControlConnection, udp_blocked: bool = False):
        self._connection = connection
        self._udp: asyncio.DatagramTransport | None = None
        self._udp_blocked = udp_blocked
        self._path = VoicePath()
        self._path_told = ""
        self._session_id = 0
        self._client_key = b""
        self._server_key = b""
        self._counter = 0
        self._channels: dict[int, dict] = {}
        self._sessions: dict[int, dict] = {}
        self._keys: dict[int, dict[int, bytes]] = {}
        """By target and epoch: the present one last."""
        self._heard: dict[int, set[int]] = {}
        self._held: list[tuple[float, str, bytes]] = []

    async def login(self, credentials: dict) -> None:
        """Sends the login, opens the UDP socket, and is ready for `join` when the state has come."""
        login = {"protocol_version": 1, "client_name": "parley python example 1", **credentials}
        self._synchronized = asyncio.get_running_loop().create_future()
        welcome = (await self._connection.request({"login": login}))["welcome"]
        self._session_id = welcome["session_id"]
        self._client_key = welcome["voice"]["client_key"]
        self._server_key = welcome["voice"]["server_key"]
        host = welcome["voice"].get("udp_host") or self._connection.server_address
        address = (host, welcome["voice"]["udp_port"])
        self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, remote_addr=address)
        await self._synchronized
        tell("welcome", session_id=self._session_id, username=welcome["username"], channels=self._channel_names())

    async def join(self, channel: str, password: str = "") -> None:
        await self._connection.request({"join": {"channel_id": self._channel_id(channel), "password": password}})
        tell("joined", channel=channel)

    async def leave(self, channel: str) -> None:
        channel_id = self._channel_id(channel)
        await self._connection.request({"leave": {"channel_id": channel_id}})
        self._keys.pop(channel_id, None)
        tell("left", channel=channel, reason="")

    async def listen(self, channel: str, password: str = "") -> None:
        await self._connection.request({"listen": {"channel_id": self._channel_id(channel), "password": password}})
        tell("listening", channel=channel)

    async def text(self, text: str, channel: str | None = None, user: str | None = None) -> None:
        receiver = {"user_id": self._user_id(user)} if channel is None else {"channel_id": self._channel_id(channel)}
        await self._connection.request({"send_text": {**receiver, "text": text}})
        tell("text_sent")

    async def set_self_state(self, muted: bool, deafened: bool) -> None:
        await self._connection.request({"set_self_state": {"muted": muted, "deafened": deafened}})
        tell("self_state", muted=muted, deafened=deafened)

    async def talk(self, channel: str, packets: list[str], frame_number: int = 0) -> None:
        await self._speak(self._channel_id(channel), packets, frame_number)

    async def whisper(self, users: list[str], packets: list[str], frame_number: int = 0) -> None:
        user_ids = [self._user_id(user) for user in users]
        answer = await self._connection.request({"set_whisper_target": {"user_ids": user_ids}})
        target_id = answer["whisper_target_set"]["target_id"]
        await self._speak(target_id, packets, frame_number)
        await asyncio.sleep(LINGER_SECONDS)
        await self._connection.request({"remove_whisper_target": {"target_id": target_id}})

    async def _speak(self, target_id: int, packets: list[str], frame_number: int) -> None:
        """One packet each 20 ms, by the way that is open in that moment, under the newest key."""
        ways = Counter()
        start = time.monotonic()
        for index, packet in enumerate(packets):
            await asyncio.sleep(start + index * PACKET_SECONDS - time.monotonic())
            if not self._keys.get(target_id):
                raise Refused("NOT_JOINED", "there is no key for this target")
            epoch, key = list(self._keys[target_id].items())[-1]
            self._counter += 1
            header = Header(VOICE, epoch & 0xFF, target_id, self._session_id, self._counter)
            voice = Voice(frame_number + index * FRAMES_PER_PACKET, index == len(packets) - 1, bytes.fromhex(packet))
            sealed = seal_voice(header, voice, key, self._client_key)
            way = "udp" if self._path.by_udp else "tunnel"
            ways[way] += 1
            if way == "udp":
                self._send_by_udp(sealed)
            else:
                self._send_through_tunnel(sealed)
        tell("talked", by_udp=ways["udp"], by_tunnel=ways["tunnel"])

    async def log_out(self) -> None:
        await self._connection.log_out()

    def block_udp(self, blocked: bool) -> None:
        self._udp_blocked = blocked
        tell("udp_blocked", blocked=blocked)

    def handle_event(self, message: dict) -> None:
        for name, body in message.items():
            handle = getattr(self, f"_on_{name}", None)
            if handle is not None:
                handle(body)
        self._open_held()

    async def watch_path(self) -> None:
        """Sends the pings by UDP and through the tunnel when they are due."""
        while True:
            now = time.monotonic()
            if self._udp is not None:
                if self._path.udp_ping_due(now):
                    self._ping_by_udp()
                if self._path.tunnel_ping_due(now):
                    self._send_through_tunnel(self._ping(time.monotonic_ns() // 1000, 0))
            self._tell_path()
            await asyncio.sleep(TICK_SECONDS)

    def datagram_received(self, data: bytes, addr) -> None:
        if not self._udp_blocked:
            self._on_packet(data, "udp")

    def error_received(self, exc: Exception) -> None:
        """A port that nobody listens on is like a packet that was lost."""

    def _on_channel_state(self, channel: dict) -> None:
        self._channels[channel["id"]] = channel

    def _on_channel_removed(self, channel: dict) -> None:
        self._channels.pop(channel["id"], None)

    def _on_session_state(self, session: dict) -> None:
        self._sessions[session["session_id"]] = session
        names = [self._channels[number]["name"] for number in session["channel_ids"] if number in self._channels]
        tell("session", session_id=session["session_id"], username=session["username"], channels=names)

    def _on_session_removed(self, session: dict) -> None:
        removed = self._sessions.pop(session["session_id"], {})
        self._heard.pop(session["session_id"], None)
        tell("session_removed", username=removed.get("username", ""), reason=session["reason"])

    def _on_synchronized(self, _: dict) -> None:
        self._synchronized.set_result(None)

    def _on_channel_key(self, channel_key: dict) -> None:
        target_id, epoch = channel_key["target_id"], channel_key["epoch"]
        keys = self._keys.setdefault(target_id, {})
        for older in [number for number in keys if number != epoch - 1]:
            del keys[older]
        keys[epoch] = channel_key["key"]
        asyncio.get_running_loop().call_later(OLD_KEY_SECONDS, keys.pop, epoch - 1, None)
        tell("key", channel_id=target_id, epoch=epoch)

    def _on_whisper_key(self, whisper_key: dict) -> None:
        self._on_channel_key(whisper_key)

    def _on_whisper_ended(self, ended: dict) -> None:
        self._keys.pop(ended["target_id"], None)

    def _on_text_message(self, message: dict) -> None:
        tell("text", username=message["username"], channel_id=message["channel_id"], text=message["text"])

    def _on_channel_left(self, left: dict) -> None:
        self._keys.pop(left["channel_id"], None)
        tell("left", channel=self._channels[left["channel_id"]]["name"], reason=left["reason"])

    def _on_tunneled_voice(self, tunneled: dict) -> None:
        self._on_packet(tunneled["packet"], "tunnel")

    def _on_packet(self, packet: bytes, way: str) -> None:
        if len(packet) < HEADER_BYTES:
            return
        if packet[0] == PONG:
            self._on_pong(packet, way)
        elif packet[0] == VOICE and not self._open(packet, way):
            self._held.append((time.monotonic(), way, packet))

    def _on_pong(self, packet: bytes, way: str) -> None:
        pong = open_pong(packet, self._session_id, self._server_key)
        if pong is None or not self._is_new(SERVER, Header.parse(packet)):
            return
        if way == "tunnel":
            tell("tunnel_pong")
            return
        if self._path.pong_by_udp(time.monotonic(), pong.timestamp, pong.path_token):
            self._ping_by_udp()
        self._tell_path()

    def _open(self, packet: bytes, way: str) -> bool:
        """False for a packet that cannot be opened yet: its speaker or its key may still come."""
        header = Header.parse(packet)
        session = self._sessions.get(header.session_id)
        epochs = {epoch & 0xFF: key for epoch, key in self._keys.get(header.target_id, {}).items()}
        if session is None or header.epoch not in epochs:
            return False
        voice = open_voice(packet, epochs[header.epoch])
        if voice is None or not self._is_new(header.session_id, header):
            return True
        tell(
            "voice",
            username=session["username"],
            channel=self._channels[header.target_id]["name"] if header.target_id < WHISPER_BIT else None,
            frame_number=voice.frame_number,
            end_of_talk=voice.end_of_talk,
            opus=voice.opus.hex(),
            way=way,
        )
        return True

    def _is_new(self, sender: int, header: Header) -> bool:
        heard = self._heard.setdefault(sender, set())
        highest = max(heard, default=0)
        if header.counter in heard or header.counter <= highest - REPLAY_WINDOW:
            return False
        heard.add(header.counter)
        if len(heard) > 2 * REPLAY_WINDOW:
            self._heard[sender] = {counter for counter in heard if counter > max(heard) - REPLAY_WINDOW}
        return True

    def _open_held(self) -> None:
        now = time.monotonic()
        held, self._held = self._held, []
        for since, way, packet in held:
            if now - since < HELD_PACKET_SECONDS and not self._open(packet, way):
                self._held.append((since, way, packet))

    def _ping_by_udp(self) -> None:
        timestamp = time.monotonic_ns() // 1000
        self._send_by_udp(self._ping(timestamp, self._path.udp_ping_sent(time.monotonic(), timestamp)))

    def _ping(self, timestamp: int, path_token: int) -> bytes:
        self._counter += 1
        return seal_ping(self._session_id, self._counter, timestamp, path_token, self._client_key)

    def _send_by_udp(self, packet: bytes) -> None:
        if not self._udp_blocked:
            self._udp.sendto(packet)

    def _send_through_tunnel(self, packet: bytes) -> None:
        self._connection.send({"tunneled_voice": {"packet": packet}})
        self._path.sent_through_tunnel(time.monotonic())

    def _tell_path(self) -> None:
        path = "udp" if self._path.by_udp else "tunnel" if self._path.in_tunnel else "unproven"
        if path != self._path_told:
            self._path_told = path
            tell("path", way=path)

    def _channel_id(self, name: str) -> int:
        for channel in self._channels.values():
            if channel["name"] == name:
                return channel["id"]
        raise Refused("NOT_FOUND", f"there is no channel {name}")

    def _user_id(self, username: str | None) -> int:
        for session in self._sessions.values():
            if session["username"] == username:
                return session["user_id"]
        raise Refused("NOT_FOUND", f"{username} is not there")

    def _channel_names(self) -> list[str]:
        return [channel["name"] for channel in self._channels.values()]


def tell(event: str, **fields) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


async def commands():
    """The commands from standard input, until its end."""
    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def obey(client: ParleyClient, command: dict) -> None:
    name = command.pop("do")
    try:
        if name == "block_udp":
            client.block_udp(**command)
        elif name in ("join", "leave", "listen", "talk", "whisper", "text", "set_self_state"):
            await getattr(client, name)(**command)
        else:
            raise Refused("INVALID_INPUT", f"there is no command {name}")
    except Refused as refused:
        tell("refused", command=name, code=refused.code, message=refused.message, retry_after_ms=refused.retry_after_ms)


async def log_in(login: dict, tasks: asyncio.TaskGroup) -> ParleyClient:
    connection = await ControlConnection.open(Schema.load(PROTO), login["host"], login["port"], login["fingerprint"])
    client = ParleyClient(connection, udp_blocked=login.get("block_udp", False))
    tasks.create_task(connection.read_events(client.handle_event))
    tasks.create_task(connection.keep_alive())
    if "access_token" in login:
        await client.login({"access_token": login["access_token"]})
    else:
        names = {"organization_tag": login["organization"], "username": login["username"]}
        await client.login({"password": {**names, "password": login["password"]}})
    tasks.create_task(client.watch_path())
    return client


async def obey_all(login: dict, rest, tasks: asyncio.TaskGroup) -> None:
    client = await log_in(login, tasks)
    async for command in rest:
        if command["do"] == "close":
            break
        if command["do"] in ("talk", "whisper"):
            tasks.create_task(obey(client, command))
        else:
            await obey(client, command)
    await client.log_out()
    raise ConnectionEnded(None, CLOSED)


async def run() -> int:
    end: Exception = ConnectionEnded(None, "the first command is login")
    try:
        rest = commands()
        login = await anext(rest, {})
        if login.get("do") == "login":
            async with asyncio.TaskGroup() as tasks:
                await obey_all(login, rest, tasks)
    except* (ConnectionEnded, Refused) as ends:
        end = ends.exceptions[0]
    if isinstance(end, Refused):
        tell("refused", command="login", code=end.code, message=end.message, retry_after_ms=end.retry_after_ms)
    else:
        tell("ended", code=end.code, message=end.message)
    return 0 if end.message == CLOSED else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(run()))
