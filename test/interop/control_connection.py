"""The control connection: TLS, frames, and requests with their answers."""

import asyncio
import hashlib
import ssl

from protobuf import Schema

ANSWER_SECONDS = 10
KEEP_ALIVE_SECONDS = 10


class Refused(Exception):
    def __init__(self, code: str, message: str, retry_after_ms: int = 0):
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms


class ConnectionEnded(Exception):
    """The connection is over: with the code of Disconnect, or None where it just broke."""

    def __init__(self, code: str | None, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


class ControlConnection:
    def __init__(self, schema: Schema, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._schema = schema
        self._reader = reader
        self._writer = writer
        self._next_request_id = 1
        self._answers: dict[int, asyncio.Future] = {}
        self._is_leaving = False

    @staticmethod
    async def open(schema: Schema, host: str, port: int, fingerprint: str) -> "ControlConnection":
        """Checks the certificate by its SHA-256 fingerprint, in hexadecimal with or without colons, before anything is sent."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        reader, writer = await asyncio.open_connection(host, port, ssl=context)
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if hashlib.sha256(certificate).hexdigest() != fingerprint.replace(":", "").lower():
            writer.close()
            raise ConnectionEnded(None, "the certificate has another fingerprint")
        return ControlConnection(schema, reader, writer)

    @property
    def server_address(self) -> str:
        return self._writer.get_extra_info("peername")[0]

    def send(self, body: dict, request_id: int = 0) -> None:
        data = self._schema.encode("ClientMessage", {"request_id": request_id, **body})
        self._writer.write(len(data).to_bytes(4, "big") + data)

    async def request(self, body: dict) -> dict:
        """Sends a request and waits for its answer. Throws Refused, or ConnectionEnded after 10 s without one."""
        request_id = self._next_request_id
        self._next_request_id += 1
        answer = self._answers[request_id] = asyncio.get_running_loop().create_future()
        self.send(body, request_id)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                message = await answer
        except TimeoutError as error:
            raise ConnectionEnded(None, "the server does not answer") from error
        finally:
            del self._answers[request_id]
        if "refused" in message:
            refused = message["refused"]
            raise Refused(self._code(refused["code"]), refused["message"], refused["retry_after_ms"])
        return message

    async def log_out(self) -> None:
        """Ends the session: without a word it would wait for its client to come back."""
        self._is_leaving = True
        await self.request({"logout": {}})

    async def read_events(self, handle_event) -> None:
        """Reads until the end, which it throws as ConnectionEnded unless the client wanted it."""
        end = ConnectionEnded(None, "the connection was closed")
        try:
            while True:
                size = int.from_bytes(await self._reader.readexactly(4), "big")
                message = self._schema.decode("ServerMessage", await self._reader.readexactly(size))
                if "disconnect" in message:
                    goodbye = message["disconnect"]
                    end = ConnectionEnded(self._code(goodbye["code"]), goodbye["message"])
                    break
                if message["request_id"] == 0:
                    handle_event(message)
                elif message["request_id"] in self._answers:
                    self._answers[message["request_id"]].set_result(message)
        except (asyncio.IncompleteReadError, OSError):
            pass
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(end)
        # Whoever has been answered goes on first: a refused login is one, and not a connection that broke.
        await asyncio.sleep(0)
        if not self._is_leaving:
            raise end

    async def keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            await self.request({"ping": {"timestamp": 1}})

    def close(self) -> None:
        self._writer.close()

    def _code(self, number: int) -> str:
        """The name of an error code; one that is not known counts as INTERNAL."""
        return self._schema.enums["ErrorCode"].get(number, "ERROR_CODE_INTERNAL").removeprefix("ERROR_CODE_")
