"""Replies on real sockets, including those that a fault breaks on purpose."""

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import AsyncIterator, Mapping

from starlette.concurrency import iterate_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from activation_sync.emulator.http.answers import EmulatedReply

READ_S = 0.1  # a reset overtakes bytes that the client has not read yet
_LINGER_NOT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class TransportProtocol(H11Protocol):
    """HTTP/1.1 that lets the application reach its connection, as a server that drops calls must."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = _with_transport(self.app, transport)


def _with_transport(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        scope["transport"] = transport
        await app(scope, receive, send)

    return application


class WireResponse:
    """An ASGI response that leaves as its reply says: whole, slowly, cut short, or not at all."""

    def __init__(self, reply: EmulatedReply) -> None:
        self._reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope["transport"], receive, send)
        await _ACTS[self._reply.wire.act](exchange, self._reply)


class Exchange:
    """One connection while one reply leaves by it."""

    def __init__(self, transport: asyncio.Transport, receive: Receive, send: Send) -> None:
        self.transport, self._receive, self._send = transport, receive, send

    @property
    def is_closing(self) -> bool:
        """True when nobody reads what is still to be written."""
        return self.transport.is_closing()

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def write(self, chunk: bytes) -> None:
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def finish(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def hang_up(self) -> None:
        """Close once everything written has left."""
        self.transport.close()
        await self._until_gone()

    async def reset(self, after_s: float = 0.0) -> None:
        """Break the connection as a crash does: TCP reset, no farewell. after_s: time for what was sent to be read."""
        await self.pause(after_s)
        connection: socket.socket = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()
        await self._until_gone()

    async def pause(self, seconds: float) -> bool:
        """Wait; False when the client left meanwhile."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._until_gone(), seconds)
            return False
        return True

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _whole(exchange: Exchange, reply: EmulatedReply) -> None:
    await exchange.start(reply.status, reply.headers)
    async for chunk in _chunks(reply):
        if exchange.is_closing:
            await exchange.hang_up()
            return
        await exchange.write(chunk)
    await exchange.finish()


async def _drip(exchange: Exchange, reply: EmulatedReply) -> None:
    await exchange.start(reply.status, reply.headers)
    for byte in reply.whole_body():
        await exchange.write(bytes((byte,)))
        if not await exchange.pause(reply.wire.pause_s):
            return
    await exchange.finish()


async def _reset_before_answer(exchange: Exchange, _: EmulatedReply) -> None:
    await exchange.reset()


async def _reset_within_body(exchange: Exchange, reply: EmulatedReply) -> None:
    await exchange.start(reply.status, reply.headers)
    await exchange.write(_first_part(reply))
    await exchange.reset(READ_S)


async def _reset_after_body(exchange: Exchange, reply: EmulatedReply) -> None:
    await exchange.start(reply.status, reply.headers)
    await exchange.write(reply.whole_body())
    await exchange.reset(READ_S)


async def _cut_length(exchange: Exchange, reply: EmulatedReply) -> None:
    await exchange.start(reply.status, {**reply.headers, "Content-Length": str(len(reply.whole_body()))})
    await exchange.write(_first_part(reply))
    await exchange.hang_up()


async def _cut_chunked(exchange: Exchange, reply: EmulatedReply) -> None:
    await exchange.start(reply.status, reply.headers)
    await exchange.write(_first_part(reply))
    await exchange.hang_up()


def _first_part(reply: EmulatedReply) -> bytes:
    return reply.whole_body()[: reply.wire.break_at_bytes]


async def _chunks(reply: EmulatedReply) -> AsyncIterator[bytes]:
    if isinstance(reply.body, bytes):
        yield reply.body
        return
    async for chunk in iterate_in_threadpool(reply.body):
        yield chunk


_ACTS = {
    "whole": _whole,
    "drip": _drip,
    "reset-before-answer": _reset_before_answer,
    "reset-within-body": _reset_within_body,
    "reset-after-body": _reset_after_body,
    "cut-length": _cut_length,
    "cut-chunked": _cut_chunked,
}
