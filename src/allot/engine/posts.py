"""Posts: sending to webhooks over HTTP. Loaded with the first webhook: it takes a quarter of a second.

What a receiver answers is not trusted: no redirect is followed, no cookie kept, and hardly anything of a body read.
"""

import contextlib

import aiohttp

# Beyond it a receiver's answer is not read, and its connection is closed.
ANSWER_BYTES_MAX = 4096
# Receivers close connections that nobody uses; one that is closed while something is sent fails the attempt.
KEEP_ALIVE_SECONDS = 2.0


class Posts:
    """Sends messages, each within so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        """The status of the answer; or 0, and why there was none."""
        try:
            async with self._open().post(url, data=body, headers=headers, allow_redirects=False) as answer:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    await answer.content.read(ANSWER_BYTES_MAX)
                return answer.status, ""
        except TimeoutError:
            return 0, f"did not answer within {self._seconds:g} seconds"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return 0, " ".join(str(error).split()) or type(error).__name__

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                auto_decompress=False,
                headers={"User-Agent": "allot"},
            )
        return self._session
