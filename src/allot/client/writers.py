"""Changing what people hold: the one thing that is ever written to an API."""

from functools import cached_property

import msgspec
from yarl import URL

from allot.client.connections import Answer
from allot.client.failures import Uncertain
from allot.client.readers import Reader
from allot.client.shapes import Assignment
from allot.core import scope as scopes


class Writer(Reader):
    """A reader that can also assign licenses."""

    _encoder = msgspec.json.Encoder()

    @cached_property
    def _users(self) -> URL:
        return self._url("/licenses/users")

    async def patch(self, body: Assignment) -> Answer:
        """The answer to one PATCH /licenses/users: 200, 206 or 400; 404 where there is no such person.

        What surely did nothing (429, 423, 503, no connection) is repeated. Raises Uncertain when the change was sent
        and may have been made: nothing is repeated then. Raises ClientFault when the API does not take changes.
        """
        answer = await self._insist("PATCH", self._users, self._encoder.encode(body))
        if answer.status >= 500:
            text = f"{self.address} answers {answer.status} to a change: {self.reason(answer)}"
            raise Uncertain(text, answer.tracking_id)
        if answer.status not in (200, 206, 400, 404):
            raise self._fault("PATCH /licenses/users", answer, scopes.PEOPLE_WRITE)
        return answer
