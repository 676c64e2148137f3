"""What can go wrong when an API is asked; each text says what, where, and what to do."""


class ClientFault(Exception):
    """The API did not do what it was asked to do."""


class BadTarget(ClientFault):
    """An address or a token that cannot be one."""


class Unauthenticated(ClientFault):
    """401: the token is unknown."""


class Forbidden(ClientFault):
    """403: the token may not do this."""


class Absent(ClientFault):
    """404: there is no such thing, or the token may not know of it."""


class Nonsense(ClientFault):
    """An answer that is not what the API is documented to answer."""


class Transient(ClientFault):
    """The request surely did nothing and was repeated; this is the last word on it.

    `seconds`: how long to wait by the answer, when it says so.
    """

    def __init__(self, text: str, seconds: float | None = None) -> None:
        super().__init__(text)
        self.seconds = seconds


class Busy(Transient):
    """429, 423 or 503: not now."""


class Away(Transient):
    """There is no connection, or no answer on it."""


class Uncertain(ClientFault):
    """A change was sent and it is not known whether it was made: read what became of it before repeating it."""

    def __init__(self, text: str, tracking_id: str) -> None:
        super().__init__(text)
        self.tracking_id = tracking_id
