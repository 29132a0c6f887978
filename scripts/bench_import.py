"""An import beside bare inserts of the rows it left, and what-if scores from a server beside it meanwhile."""

import asyncio
import csv
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import serving
import uvloop
from bench_http import OPEN_LOOP_RATE, SHEET, Connection, connect

ITEMS = 20
BATCH = 5_000
THREE_ROWS = ("prospect", "observation", "outcome")


def bench_import(kind: str, prospects: int) -> dict[str, Any]:
    """Prospects a second through `winnow import` and through bare inserts, and how long scores took meanwhile."""
    with TemporaryDirectory() as name, serving.database(kind, Path(name)) as url:
        folder = Path(name)
        file, mapping = _write_file(folder, prospects)
        variables = serving.environment(url)
        serving.winnow(variables, "sheet", "load", "industrial")
        key = json.loads(serving.winnow(variables, "keys", "create", "--role", "integration", "--json"))["key"]
        command = [*serving.WINNOW, "import", str(file), "--map", str(mapping), "--json"]
        with serving.running(serving.Server(variables)) as server:
            waits, seconds, memory = uvloop.run(_import_and_ask(command, variables, server.port, key))
        bare = _insert_bare(folder) if kind == "sqlite" else _copy_bare(url, folder)
    imported_rate, bare_rate = prospects / seconds, prospects / bare
    return {
        "prospects": prospects,
        "import_per_second": round(imported_rate),
        "bare_inserts_per_second": round(bare_rate),
        "ratio": round(imported_rate / bare_rate, 3),
        "peak_memory_mb": round(memory / 1024),
        "scores_meanwhile": len(waits),
        "scores_p99_ms": round(waits[int(0.99 * len(waits))], 1),
        "scores_max_ms": round(waits[-1], 1),
    }


async def _import_and_ask(
    command: list[str], variables: dict[str, str], port: int, key: str
) -> tuple[list[float], float, int]:
    """Import, and ask for scores at a steady rate for as long as that takes."""
    body = json.dumps({"check_sheet": "industrial", **SHEET}).encode()
    head = f"Host: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    request = f"POST /v1/scores HTTP/1.1\r\n{head}\r\n\r\n".encode() + body
    idle: deque[Connection] = deque([await connect(port)])
    await idle[0].ask(request)
    began = time.perf_counter()
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL)
    ended = asyncio.create_task(asyncio.to_thread(os.wait4, process.pid, 0))

    async def one(due: float) -> float:
        connection = idle.popleft() if idle else await connect(port)
        await connection.ask(request)
        idle.append(connection)
        return 1000 * (time.perf_counter() - due)

    asked: list[asyncio.Task[float]] = []
    while not ended.done():
        due = began + len(asked) / OPEN_LOOP_RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked.append(asyncio.create_task(one(due)))
    seconds = time.perf_counter() - began
    _, status, used = await ended
    if status:
        sys.exit("The import failed.")
    return sorted(await asyncio.gather(*asked)), seconds, used.ru_maxrss


def _write_file(folder: Path, prospects: int) -> tuple[Path, Path]:
    """A table of made-up deals, and the mapping that reads it."""
    chance = random.Random(0)
    choices = ["low", "middle", "high", "unknown", ""]
    items = {f"item{number}": "yes_no" if number % 2 else "choice" for number in range(ITEMS)}
    values = {"yes_no": ["true", "false", "unknown", ""], "choice": choices}
    file, mapping = folder / "deals.csv", folder / "deals.map.json"
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(["id", "owner", "status", "seen", "decided", *items])
        for number in range(prospects):
            day = f"2025-{1 + number % 12:02}-{1 + number % 28:02}"
            answers = [chance.choice(values[kind]) for kind in items.values()]
            status = chance.choice(["won", "lost"])
            table.writerow(
                [f"deal-{number}", f"rep{number % 9}", status, f"{day}T09:00:00Z", f"{day}T17:00:00Z", *answers]
            )
    columns = {
        item: {"column": item, "kind": kind, "label": item, "definition": "Made up."} for item, kind in items.items()
    }
    for column in columns.values():
        if column["kind"] == "choice":
            column["answers"] = {choice: choice for choice in choices if choice}
    described = {
        "check_sheet": {"key": "deals", "name": "Made-up deals"},
        "id": {"column": "id"},
        "owner": {"column": "owner"},
        "outcome": {"column": "status", "won": ["won"], "lost": ["lost"]},
        "observed_at": {"column": "seen"},
        "decided_at": {"column": "decided"},
        "items": columns,
    }
    mapping.write_text(json.dumps(described), "utf-8")
    return file, mapping


def _insert_bare(folder: Path) -> float:
    """Seconds to insert the imported rows again, as they are, into a copy of the file that lacks them."""
    source = sqlite3.connect(folder / "winnow.db")
    source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = sqlite3.connect(shutil.copyfile(folder / "winnow.db", folder / "copy.db"), isolation_level=None)
    for table in reversed(("score_entry", *THREE_ROWS)):
        copy.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        copy.execute(f"PRAGMA {pragma}")
    copy.execute("VACUUM")
    cursors = {table: source.execute(f"SELECT * FROM {table} ORDER BY rowid") for table in THREE_ROWS}  # noqa: S608
    seconds = 0.0
    while (batches := {table: cursor.fetchmany(BATCH) for table, cursor in cursors.items()})["prospect"]:
        began = time.perf_counter()
        copy.execute("BEGIN IMMEDIATE")
        for table, batch in batches.items():
            marks = ", ".join("?" * len(batch[0]))
            copy.executemany(f"INSERT INTO {table} VALUES ({marks})", batch)  # noqa: S608
        copy.execute("COMMIT")
        seconds += time.perf_counter() - began
    source.close()
    copy.close()
    return seconds


def _copy_bare(url: str, folder: Path) -> float:
    """Seconds to COPY the imported rows again, as they are, into tables like theirs that are empty."""
    seconds = 0.0
    with psycopg.connect(url) as connection:
        for table in THREE_ROWS:
            path = folder / f"{table}.copy"
            with connection.cursor() as cursor, path.open("wb") as file, cursor.copy(f"COPY {table} TO STDOUT") as out:  # type: ignore[arg-type]
                file.writelines(out)
            connection.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")  # type: ignore[arg-type]
            began = time.perf_counter()
            statement = f"COPY bare_{table} FROM STDIN"
            with connection.cursor() as cursor, path.open("rb") as file, cursor.copy(statement) as into:  # type: ignore[arg-type]
                while piece := file.read(2**20):
                    into.write(piece)
            connection.commit()
            seconds += time.perf_counter() - began
    return seconds
