"""The Dockerfile's own commands, run without an engine: install, refuse, serve as nobody, check health, stop."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
# The folders of the image, each of which stands in a temporary one here.
IMAGE_PATHS = re.compile(r"(?<![\w.])/(src|opt/winnow|data)\b")


class Instruction(NamedTuple):
    name: str
    rest: str


def read_dockerfile() -> list[Instruction]:
    """The instructions, one a line."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [Instruction(*line.split(maxsplit=1)) for line in lines if line and not line.startswith("#")]


INSTRUCTIONS = read_dockerfile()


def all_of(name: str) -> list[str]:
    """What stands behind every instruction of a name."""
    return [instruction.rest for instruction in INSTRUCTIONS if instruction.name == name]


def test_the_image_has_two_stages_of_the_slim_python():
    """What building takes is not in what runs."""
    assert all_of("FROM") == ["python:3.11-slim AS build", "python:3.11-slim"]


def test_everything_from_a_registry_is_checked_by_its_hash():
    """The one other install is the project itself, which may fetch nothing."""
    installs = [run for run in all_of("RUN") if "pip install" in run]
    assert [("--require-hashes" in run, "--no-deps --no-build-isolation /src" in run) for run in installs] == [
        (True, False),
        (False, True),
    ]


def test_no_secret_stands_in_the_image():
    """An image is handed round; a secret is given to what runs it."""
    assert not any("SECRET" in line for line in all_of("ENV"))


def test_what_is_copied_is_what_the_build_may_see():
    """Nothing else of the folder can get into the image."""
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = {name for line in all_of("COPY") if "--from" not in line for name in line.split()[:-1]}
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}


def interpreter(user: int | None) -> str:
    """A Python 3.11 outside every environment, which that user can run."""
    for python in (f"{sys.base_prefix}/bin/python3.11", "/usr/bin/python3.11", "/usr/local/bin/python3.11"):
        try:
            subprocess.run([python, "-c", "import ensurepip"], user=user, cwd="/", check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    return sys.executable


class Image:
    """What the Dockerfile makes, in a temporary folder, and the commands it would run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = int(all_of("USER")[0]) if os.geteuid() == 0 else None
        self.environment = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/")}

    def here(self, text: str) -> str:
        """The same text with the image's folders in place of the machine's."""
        return IMAGE_PATHS.sub(rf"{self.folder}/\1", text)

    def build(self) -> None:
        """Follow the instructions in order."""
        python = self.folder / "bin" / "python"
        python.parent.mkdir()
        python.write_text(f'#!/bin/sh\nexec {interpreter(self.user)} "$@"\n', "utf-8")
        python.chmod(0o755)
        for name, rest in INSTRUCTIONS:
            if name == "COPY" and not rest.startswith("--from"):
                self.copy(*rest.split())
            elif name == "RUN" and not rest.startswith("useradd"):  # this machine keeps the accounts it has
                self.run(rest)
            elif name == "ENV":
                self.set(rest)

    def copy(self, *paths: str) -> None:
        """Do what COPY says."""
        *sources, target = paths
        place = Path(self.here(target))
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)

    def run(self, command: str) -> None:
        """Do what RUN says."""
        # The cache spares the registry, nobody waits for this image's first import; only root may give folders away.
        command = command.replace(" --no-cache-dir", " --no-compile")
        if self.user is None:
            command = re.sub(r" -[og] \d+", "", command)
        done = subprocess.run(["sh", "-c", self.here(command)], env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def set(self, assignments: str) -> None:
        """Do what ENV says."""
        for assignment in assignments.split():
            name, value = assignment.split("=", 1)
            self.environment[name] = self.here(value).replace("$PATH", self.environment["PATH"])

    def start(self, command: list[str], **more: str) -> subprocess.Popen[str]:
        """Start a command as the image would: its user, its folder, its environment."""
        return subprocess.Popen(
            command,
            env=self.environment | more,
            cwd=self.here(all_of("WORKDIR")[0]),
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def is_healthy(self, **more: str) -> bool:
        """What the HEALTHCHECK finds."""
        check = self.start(json.loads(all_of("HEALTHCHECK")[0].split("CMD", 1)[1]), **more)
        check.communicate(timeout=30)
        return check.returncode == 0


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image's content, installed as the Dockerfile says."""
    folder = Path(tempfile.mkdtemp(prefix="winnow-image-"))
    folder.chmod(0o755)
    image = Image(folder)
    image.build()
    yield image
    shutil.rmtree(folder)


def test_it_does_not_start_without_a_secret_of_its_own(image):
    """It says which setting is missing."""
    process = image.start(json.loads(all_of("CMD")[0]))
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "WINNOW_SECRET_KEY" in said


def test_it_serves_passes_its_health_check_and_stops_when_asked(image):
    """As an account without rights, on an empty volume."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings = {"WINNOW_PORT": str(probe.getsockname()[1]), "WINNOW_SECRET_KEY": "x" * 40}
    server = image.start(json.loads(all_of("CMD")[0]), **settings)
    try:
        give_up = time.monotonic() + 60
        while not (healthy := image.is_healthy(**settings)) and time.monotonic() < give_up:
            assert server.poll() is None, server.communicate()[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
    assert healthy
    assert server.returncode in {0, -signal.SIGTERM}
    assert (image.folder / "data" / "winnow.db").exists()
