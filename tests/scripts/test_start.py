"""From a copy of the checkout to a running service with `scripts/start`, and again."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "tests", "*.egg-info", "*.db*", "__pycache__", ".*_cache")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh checkout, in a folder whose name holds a space."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("fresh") / "a check out", ignore=LEFT_OUT))


@pytest.fixture(scope="module")
def port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Started:
    """A `scripts/start` in the foreground of a shell elsewhere."""

    def __init__(self, checkout: Path, port: int, *arguments: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WINNOW_")}
        self.port = port
        self.process = subprocess.Popen(
            [checkout / "scripts" / "start", *arguments],
            cwd="/",
            env=kept | {"WINNOW_PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until it answers; fails when it ends before."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            assert self.process.poll() is None, self.process.communicate()[0]
            try:
                urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=2).close()
            except (URLError, OSError):
                time.sleep(0.2)
            else:
                return
        pytest.fail(f"not ready after {seconds} seconds")

    def get(self, path: str, key: str) -> dict:
        """What the service answers."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {key}"})
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
            return json.load(answer)

    def stop(self) -> str:
        """What it printed, after it was asked to end."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)[0]


def test_it_installs_fills_serves_and_keeps_what_is_there(checkout, port):
    """Ready in three minutes the first time; the second time the key and the prospects are the same."""
    first = Started(checkout, port)
    first.wait_until_ready(180)
    key = (checkout / "var" / "demo-key").read_text("utf-8").strip()
    before = first.get("/v1/prospects", key)["items"]
    said = first.stop()
    assert all(text in said for text in (f"http://127.0.0.1:{port}/docs", key, "/score'"))
    assert {file.stat().st_mode & 0o077 for file in (checkout / "var").iterdir()} == {0}
    again = Started(checkout, port)
    again.wait_until_ready(60)
    after = again.get("/v1/prospects", key)["items"]
    said = again.stop()
    assert (before == after, "Installing" in said) == (True, False)
    assert before


def test_your_own_team_starts_with_an_empty_database(checkout, port):
    """With a key of its own."""
    own = Started(checkout, port, "--own")
    own.wait_until_ready(180)
    key = (checkout / "var" / "own-key").read_text("utf-8").strip()
    found = own.get("/v1/prospects", key)["items"]
    own.stop()
    assert found == []


def test_a_port_in_use_is_said_in_a_sentence(checkout):
    """Before anything is served or printed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        started = Started(checkout, taken.getsockname()[1])
        said = started.process.communicate(timeout=180)[0]
    assert started.process.returncode == 1
    assert "is in use" in said


def test_a_machine_without_python_is_told_so(tmp_path, checkout):
    """With nothing on the PATH but what the shell script itself calls."""
    copy = tmp_path / "bare"
    shutil.copytree(checkout / "scripts", copy / "scripts")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "dirname").symlink_to(shutil.which("dirname"))
    done = subprocess.run(
        ["/bin/sh", copy / "scripts" / "start"], env={"PATH": str(tools)}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "Winnow needs Python 3.11 or newer, and none is on the PATH. Install it and try again.\n"


@pytest.mark.parametrize(("argument", "code"), [("--help", 0), ("--unheard-of", 2)])
def test_it_explains_itself(argument, code):
    """When asked, and when it was called wrongly."""
    done = subprocess.run([ROOT / "scripts" / "start", argument], capture_output=True, text=True)
    assert done.returncode == code
    assert "--own" in done.stdout + done.stderr


def test_a_run_with_a_skipped_test_fails(tmp_path):
    """A skip would pass for a test that holds."""
    (tmp_path / "test_one.py").write_text("import pytest\n\ndef test_one():\n    pytest.skip('not today')\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "scripts.no_skips", "-c", "/dev/null", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Skipped tests do not count as passed." in done.stdout
