"""Winnow as a package: installed, it works in any folder, with its starters and its migrations."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("app", "models", "migrations", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder a wheel of this checkout unpacks to."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / "source" / name)
    line = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, folder / "source"]
    built = subprocess.run(line, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("winnow-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def winnow(installed, tmp_path):
    """Run the installed command in a folder of its own, with nothing of the checkout on the path."""

    def run(*words):
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed)}
        code = (
            "import app; from app.cli import main; print(app.__path__[0]) if not __import__('sys').argv[1:] else main()"
        )
        # Not -m: that would put the folder it runs in first.
        line = [sys.executable, "-P", "-c", code, *words]
        return subprocess.run(line, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_the_wheel_holds_what_the_service_needs(installed):
    """Starters and migrations travel along; tests and scripts do not."""
    starters = {path.name for path in (installed / "app" / "checksheets" / "starters").iterdir()}
    assert starters == {path.name for path in (ROOT / "app" / "checksheets" / "starters").iterdir()}
    revisions = {path.name for path in (ROOT / "migrations" / "versions").glob("*.py")}
    assert {path.name for path in (installed / "migrations" / "versions").glob("*.py")} == revisions
    assert sorted(path.name for path in installed.iterdir() if path.suffix != ".dist-info") == [
        "app",
        "migrations",
        "models",
    ]


def test_the_command_is_named(installed):
    """The wheel brings `winnow`."""
    (entries,) = installed.glob("winnow-*.dist-info/entry_points.txt")
    assert "winnow = app.cli:main" in entries.read_text()


def test_the_installed_command_works_in_any_folder(winnow, installed, tmp_path):
    """It is the installed code that runs, makes its database where it stands, and finds what came along."""
    assert winnow().stdout.strip() == str(installed / "app")
    assert "Usage: winnow" in winnow("--help").stdout
    assert winnow("migrate").stdout == "The database is up to date.\n"
    ran = winnow("sheet", "load", "industrial")
    assert (ran.stdout, ran.stderr) == ("Check sheet 'industrial': version 1 is in.\n", "")
    assert (tmp_path / "winnow.db").is_file()
