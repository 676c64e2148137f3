"""Streams: answers that are sent part by part, and end when nobody takes them any more."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from typing import Any, Self

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Parts = AsyncGenerator[bytes, None]


class Stream:
    """A body that comes in parts, the first of which is there: what fails before it is answered as any error."""

    def __init__(self, first: bytes, rest: Parts) -> None:
        self._first = first
        self._rest = rest

    @classmethod
    async def begin(cls, parts: Parts) -> Self:
        """The stream of a generator, begun; from here on it is closed by `send`. Raises what the generator does."""
        return cls(await anext(parts, b""), parts)

    async def send(self, receive: Receive, send: Send) -> None:
        """Send every part, and the end of the answer. When the client goes away the generator is closed at once.

        Raises what the generator does; the answer has no end then, so that its client sees that it is not whole.
        """
        sending = asyncio.create_task(self._send_parts(send))
        watching = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((sending, watching), return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            sending.cancel()  # does nothing when it is done
            await asyncio.wait((sending, watching))
        if not sending.cancelled():
            sending.result()

    async def _send_parts(self, send: Send) -> None:
        async with aclosing(self._rest):
            await _send_part(send, self._first)
            async for part in self._rest:
                await _send_part(send, part)
        await send({"type": "http.response.body", "body": b""})


async def _send_part(send: Send, part: bytes) -> None:
    """Send one part, and wait while the client has not taken enough of the earlier ones."""
    await send({"type": "http.response.body", "body": part, "more_body": True})
    # What is written leaves at the end of this turn of the loop, and only then is it known how much is not taken yet.
    await asyncio.sleep(0)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
