"""Settings: one table for flags, environment and file; docs/reference/settings.md is made from it."""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Settings:
    """Each member is a flag of `serve` (--name), a variable (ALLOT_NAME) and a key of the TOML file (name)."""

    database: Annotated[str, "Where everything is kept: sqlite:///FILE or postgresql://USER@HOST/NAME."] = (
        "sqlite:///allot.db"
    )
    host: Annotated[str, "Address to listen on."] = "127.0.0.1"
    port: Annotated[int, "Port to listen on; 0 takes a free one."] = 8080
    public_url: Annotated[str, "Address that clients see, for links; empty takes it from each request."] = ""
    rulebook: Annotated[str, "Another rulebook than the one shipped: a TOML file."] = ""
    partial_errors: Annotated[
        bool, "Whether a 206 answer lists in `errors` what was refused; Cisco's schema has no place for it."
    ] = True
    rate_limit: Annotated[float, "Requests a second that one token may make; 0 sets no limit."] = 0.0
    rate_burst: Annotated[int, "Requests that one token may make at once before the rate applies."] = 100
    log_level: Annotated[str, "What is logged: debug, info, warning or error."] = "info"
    access_log: Annotated[bool, "Whether every request is logged, one line each."] = False
    requests: Annotated[
        int, "How many of the newest requests this process keeps in its memory, to look at; 0 keeps none."
    ] = 2000
    plans: Annotated[
        str, "Folder of plan files that the console lists, with their progress while they are applied; empty for none."
    ] = ""
    otlp_endpoint: Annotated[
        str, "OpenTelemetry collector (OTLP over HTTP) that gets the traces; empty sends none."
    ] = ""
    shutdown_seconds: Annotated[int, "How long a stop waits for requests that are under way."] = 30
    worker: Annotated[bool, "Whether this process provisions too; without, start `allot worker` somewhere."] = True
    pace: Annotated[str, "How long provisioning takes: instant, or realistic for seconds to minutes."] = "instant"
    lease_seconds: Annotated[
        float, "How long a worker may work at a step before another one takes it over; it asks for more in time."
    ] = 15.0
