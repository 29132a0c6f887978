"""What the house forbids, looked for in the code itself."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("app", "models", "migrations", "scripts")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
DANGEROUS = {"pickle", "cPickle", "joblib", "dill", "shelve", "marshal", "cloudpickle"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> set[str]:
    """The top-level packages a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def calls(path: Path) -> set[str]:
    """What a file calls, as it is written."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_there_is_code_to_look_at():
    assert len(SOURCES) > 50


def test_only_the_database_module_commits():
    """One request, one transaction: services flush, `app/db.py` commits."""
    at_their_edge = {"app/db.py", "migrations/env.py"}
    found = {name_of(path) for path in SOURCES if any(call.endswith(".commit") for call in calls(path))}
    assert {name for name in found if not name.startswith("scripts/")} == at_their_edge


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_promise_25_nothing_unpickles_or_evaluates(path):
    assert imports(path) & DANGEROUS == set()
    assert calls(path) & {"eval", "exec", "yaml.load", "os.system"} == set()


@pytest.mark.parametrize("path", [path for path in SOURCES if path.is_relative_to(ROOT / "models")], ids=name_of)
def test_the_statistics_know_neither_web_nor_database_nor_clock(path):
    pure = {"app", "fastapi", "starlette", "sqlalchemy", "alembic", "pydantic", "httpx", "requests", "datetime"}
    assert imports(path) & pure == set()
    assert calls(path) & {"open", "time.time", "print"} == set()


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.is_relative_to(ROOT / "migrations" / "versions")], ids=name_of
)
def test_a_migration_stands_on_its_own(path):
    """It must do tomorrow what it did today, whatever becomes of the application."""
    assert imports(path) & {"app", "models"} == set()


def test_the_environment_is_read_in_one_place():
    """Settings are read once; only the command line, at its edge, passes its options on through the environment."""
    found = {
        name_of(path)
        for path in SOURCES
        if path.is_relative_to(ROOT / "app") and ("os.environ" in path.read_text() or "getenv" in path.read_text())
    }
    assert found <= {"app/cli.py"}
