"""The service as a server: put together from its parts, listening, and stopped without losing anything."""

import asyncio
import errno
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, Protocol

import click
import uvicorn
import uvloop

from allot.api.operations import OPERATIONS
from allot.cli import demo as demonstration
from allot.cli.connections import Connection
from allot.cli.databases import is_current, migrate, open_database
from allot.cli.observing import App, Observed, Seen, write_line
from allot.cli.rulebooks import read_rulebook
from allot.engine.background import Background
from allot.engine.deliveries import Poster
from allot.plane import operations as plane
from allot.service import clocks
from allot.service.clock import SettableClock
from allot.service.service import Service
from allot.service.settings import Settings
from allot.store import checks
from allot.store.database import StoreError
from allot.wire.application import Application

# Connections that wait to be accepted while the loop is busy with a large batch.
BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75
# Requests leave no cycles behind, so that looking for them seldom is enough: new objects between two looks
# at the youngest, and looks between two at the older.
COLLECTED_AFTER = (100_000, 50, 50)

log = logging.getLogger("allot.serving")


async def make_service(settings: Settings, *, demo: bool = False) -> Service:
    """A service on its database, not started yet. Raises StoreError, RulebookError or OSError with the remedy.

    With `demo` the database is made when there is none, the demo's organizations are in it and their tokens work.
    """
    if demo and not demonstration.is_loopback(settings.host):
        raise click.ClickException(
            f"--demo listens on loopback only, because everybody knows its tokens; use --host 127.0.0.1"
            f" instead of {settings.host}"
        )
    rulebook = read_rulebook(settings.rulebook)
    if demo and not await is_current(settings.database):
        migrate(settings.database)
    service = Service(await open_database(settings.database), rulebook, SettableClock(), settings)
    try:
        await _require_known(service)
        async with service.database.reading() as reading:
            await clocks.follow(reading, service.clock)
        if demo:
            await demonstration.fill(service)
    except BaseException:
        await service.database.close()
        raise
    if demo:
        demonstration.accept_tokens(service)
    return service


@asynccontextmanager
async def started(settings: Settings, *, demo: bool = False) -> AsyncIterator[tuple[Service, Background | None]]:
    """A service that runs, with what works beside it unless the settings leave that to others.

    At the end what is accepted and what is claimed is finished. Raises as `make_service`.
    """
    service = await make_service(settings, demo=demo)
    background = Background(service, _poster) if settings.worker else None
    service.start()
    if background is not None:
        background.start()
    try:
        yield service, background
    finally:
        try:
            if background is not None:
                await background.close()
        finally:
            await service.close()


def _poster(seconds: float) -> Poster:
    # Loaded when there is a webhook: it takes a quarter of a second.
    from allot.engine import posts

    return posts.Posts(seconds)


async def _require_known(service: Service) -> None:
    """Raises StoreError when there are licenses or packages that the rulebook does not know."""
    rulebook = service.rulebook
    async with service.database.reading() as reading:
        offers = {offer for _, offer, _ in await checks.offers(reading)} - rulebook.offers.keys()
        packages = {name for _, _, name in await checks.packages_used(reading)} - rulebook.packages.keys()
    if offers:
        raise StoreError(
            f"the rulebook {rulebook.name} lacks the offers {', '.join(sorted(offers))}, of which there are"
            " licenses; serve with the rulebook that they were imported with"
        )
    if packages:
        raise StoreError(
            f"the rulebook {rulebook.name} lacks the packages {', '.join(sorted(packages))}, which customers have;"
            " serve with the rulebook that they were ordered by"
        )


def application(service: Service) -> Application:
    """Everything that is served, as an ASGI application."""
    planes = [("/v1", OPERATIONS), ("", OPERATIONS), ("/allot/v1", plane.OPERATIONS), ("", plane.ROOT)]
    return Application(service, planes, {"/console": _Console(service)})


class _Console:
    """The console, loaded when somebody opens it: a server that machines alone call does without its templates."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._app: App | None = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        self._app = self._app or _console(self._service)
        await self._app(scope, receive, send)


def _console(service: Service) -> App:
    from allot.console.application import Console
    from allot.console.sessions import Demo, Sample

    if not service.tokens.demo:
        return Console(service)
    samples = tuple(Sample(known.token, known.says) for known in demonstration.TOKENS)
    return Console(service, Demo(samples, demonstration.ACME, demonstration.JOHN))


@contextmanager
def observed(service: Service) -> Iterator[App]:
    """The application, with what the settings say to tell of each request; sends what is left at the end."""
    settings = service.settings
    observers: list[Callable[[Seen], None]] = [write_line] if settings.access_log else []
    with ExitStack() as ending:
        if settings.otlp_endpoint:
            traces = _traces(settings.otlp_endpoint)
            ending.callback(traces.close)
            observers.append(traces.record)
        app = application(service)
        yield Observed(app, service.clock, observers) if observers else app


class Traces(Protocol):
    """Where traces go; the extra that they need is not always installed."""

    def record(self, seen: Seen) -> None:
        """Make the span of one request."""
        ...

    def close(self) -> None:
        """Send what is left."""
        ...


def _traces(endpoint: str) -> Traces:
    # Loaded where it is asked for: it is an extra, and takes a quarter of a second.
    try:
        from allot.cli import tracing
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"otlp_endpoint is set, but {error.name} is not installed; run: pip install 'allot[otel]'"
        ) from error
    return tracing.Traces(endpoint)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises ClickException with the remedy when there can be none."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        remedies = {
            errno.EADDRINUSE: f"port {port} is in use; stop what listens there, or take another with --port",
            errno.EACCES: f"port {port} is not allowed here; take one above 1023 with --port",
        }
        no_address = f"{host} is no address of this machine ({error.strerror or error}); choose another with --host"
        raise click.ClickException(remedies.get(error.errno or 0, no_address)) from error


def _settle_memory() -> None:
    """What is there now stays: the collector need not look at it again, which cuts the longest pauses."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


def log_to_stderr(level: str) -> None:
    """Write the log, from this level on."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("uvicorn", "yoyo"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
    # A request that is given up at the end of a stop is no fault; uvicorn says in another line that it was.
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
    )


class _Server(uvicorn.Server):
    """Says when it listens and when it stops."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _settle_memory()
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stop()
        await super().shutdown(sockets)


def run(settings: Settings, *, demo: bool, ready: Callable[[str], None]) -> None:
    """Serve until a signal says to stop; `ready` is told the address.

    A stop finishes what is accepted: connections first, then what is queued to be written.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(settings, demo=demo, ready=ready))


async def _run(settings: Settings, *, demo: bool, ready: Callable[[str], None]) -> None:
    async with started(settings, demo=demo) as (service, _):
        with observed(service) as app, listen(settings.host, settings.port) as listening:
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            address = f"http://{host}:{listening.getsockname()[1]}"
            server = _Server(_config(service, app), lambda: ready(address), service.stop)
            for number in (signal.SIGINT, signal.SIGTERM):
                # The server handles them while it runs and raises them again at its end, which must not end us.
                signal.signal(number, lambda *_: None)
            await server.serve(sockets=[listening])


def work(settings: Settings, *, ready: Callable[[str], None]) -> None:
    """Do what is due in the background, and answer no requests, until a signal says to stop.

    `ready` is told the worker's name. A stop carries out what is claimed.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(replace(settings, worker=True), ready))


async def _work(settings: Settings, ready: Callable[[str], None]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with started(settings) as (_, background):
        assert background is not None
        _settle_memory()
        ready(background.worker.name)
        await stopped.wait()


def _config(service: Service, app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=service.settings.shutdown_seconds,
    )
