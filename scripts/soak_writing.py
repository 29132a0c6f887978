"""Writing to a service that is killed, stopped or backed up meanwhile: what it acknowledged is there, and whole."""

import random
import signal
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import serving
from installing import SHEET, Installation, Wrong
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.audit import find_break
from app.accounts.tables import AuditEntry
from app.checksheets.answers import merge
from app.checksheets.tables import Observation
from app.prospects.tables import OutcomeEntry, Prospect
from app.scorecards.queries import card_in_force, load_card
from app.scoring.service import score_columns
from app.scoring.tables import ScoreEntry

ITEMS = ("budget", "tender", "competitors", "decider_seen")
LONGEST_LIFE_SECONDS = 1.5
WRITERS = 4


@dataclass
class Acknowledged:
    """What the service said it has of one prospect: its answers, its outcome, and how often it said so."""

    answers: dict[str, Any] = field(default_factory=dict)
    result: str | None = None
    observations: int = 0


class Writer:
    """One client that writes to prospects of its own and remembers what was acknowledged."""

    def __init__(self, name: str, url: str, key: str, seed: int) -> None:
        self.name = name
        self.client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        self.random = random.Random(seed)
        self.known: dict[str, Acknowledged] = {}
        self.waits: list[float] = []
        self.next_number = 0

    def write_until(self, stopped: threading.Event) -> None:
        """Write until told to stop or until the service is gone."""
        while not stopped.is_set():
            try:
                self.write_once()
            except httpx.TransportError:
                return

    def write_once(self) -> None:
        """Do one of the writes a CRM does; only an answer makes it count."""
        still_open = [name for name, known in self.known.items() if known.result is None]
        if not still_open or self.random.random() < 0.3:
            self._put_new()
        elif self.random.random() < 0.25:
            self._close(self.random.choice(still_open))
        else:
            self._observe(self.random.choice(still_open))

    def _put_new(self) -> None:
        self.next_number += 1
        name = f"{self.name}-{self.next_number}"
        body: dict[str, Any] = {"check_sheet": SHEET, "owner": self.name}
        told = Acknowledged()
        if self.random.random() < 0.5:
            told.answers = self._some_answers()
            told.observations = 1
            body["answers"] = told.answers
            if self.random.random() < 0.3:
                told.result = "lost"
                body["outcome"] = {"result": told.result}
        self._send("PUT", f"/v1/prospects/{name}", body)
        self.known[name] = told

    def _observe(self, name: str) -> None:
        answers = self._some_answers()
        self._send("POST", f"/v1/prospects/{name}/observations", {"answers": answers, "observer": self.name})
        self.known[name].answers |= answers
        self.known[name].observations += 1

    def _close(self, name: str) -> None:
        result = self.random.choice(("won", "lost"))
        self._send("PUT", f"/v1/prospects/{name}/outcome", {"result": result})
        self.known[name].result = result

    def _some_answers(self) -> dict[str, Any]:
        items = self.random.sample(ITEMS, self.random.randint(1, len(ITEMS)))
        return {item: self.random.choice((True, False, "unknown")) for item in items}

    def _send(self, method: str, path: str, body: dict[str, Any]) -> None:
        began = time.perf_counter()
        answer = self.client.request(method, path, json=body)
        self.waits.append(time.perf_counter() - began)
        if answer.status_code not in {200, 201}:
            msg = f"{method} {path} was answered with {answer.status_code}: {answer.text}"
            raise Wrong(msg)


def writers_of(place: Installation, count: int) -> list[Writer]:
    """Clients that write at the same time."""
    return [Writer(f"writer{number}", place.server.url, place.key, seed=number) for number in range(count)]


def write_while(writers: list[Writer], event: Callable[[], Any]) -> Any:
    """Let the writers write while something happens; whatever went wrong with any of them is raised."""
    stopped = threading.Event()
    with ThreadPoolExecutor(len(writers)) as pool:
        running = [pool.submit(writer.write_until, stopped) for writer in writers]
        try:
            happened = event()
        finally:
            stopped.set()
        for each in running:
            each.result()
    return happened


def soak_kills(url: str, rounds: int) -> str:
    """Kill the service at random moments under load; what it acknowledged is there, and nothing is half-saved."""
    place = Installation.make(url)
    chance, writers = random.Random(0), writers_of(place, WRITERS)
    with serving.running(place.server):
        for _ in range(rounds):

            def kill() -> None:
                time.sleep(chance.uniform(0.05, LONGEST_LIFE_SECONDS))
                place.server.kill()

            write_while(writers, kill)
            place.server.start()
            # The write that was under way may be there whole or not at all.
            check_acknowledged(place, writers, unanswered=1)
        place.server.stop()
    acknowledged = sum(len(writer.waits) for writer in writers)
    return f"killed {rounds} times: {acknowledged} acknowledged writes are there, nothing is half-saved"


def check_acknowledged(place: Installation, writers: list[Writer], *, unanswered: int = 0) -> None:
    """Compare the database with what the writers were told; so many writes of each may be there without an answer."""
    database = place.database()
    with database.reading() as session:
        for writer in writers:
            for name, told in writer.known.items():
                _check_told(session, name, told, unanswered)
            _check_strangers(session, writer, unanswered)
        for prospect in session.scalars(select(Prospect)):
            _check_whole(session, prospect)
        rows, broken = find_break(session)
    database.engine.dispose()
    if broken is not None:
        msg = f"The audit chain of {rows} rows breaks at {broken}."
        raise Wrong(msg)
    # What was written when the answer got lost is known from now on.
    _learn(place, writers)


def _check_strangers(session: Session, writer: Writer, unanswered: int) -> None:
    names = set(session.scalars(select(Prospect.external_id).where(Prospect.owner == writer.name)))
    if len(names - set(writer.known)) > unanswered:
        msg = f"Prospects are there whose writing was never answered: {names - set(writer.known)}."
        raise Wrong(msg)


def _check_told(session: Session, name: str, told: Acknowledged, unanswered: int) -> None:
    prospect = session.scalar(select(Prospect).where(Prospect.external_id == name))
    if prospect is None:
        msg = f"Prospect {name} was acknowledged and is gone."
        raise Wrong(msg)
    observations = session.scalars(select(Observation.id).where(Observation.prospect_id == prospect.id)).all()
    more = len(observations) - told.observations
    if not 0 <= more <= unanswered or (more == 0 and prospect.answers != told.answers):
        msg = f"Prospect {name} has {prospect.answers} from {len(observations)} observations, acknowledged were {told}."
        raise Wrong(msg)
    if prospect.state != (told.result or "open") and (told.result or not unanswered):
        msg = f"Prospect {name} is {prospect.state}, acknowledged was {told.result}."
        raise Wrong(msg)


def _check_whole(session: Session, prospect: Prospect) -> None:
    """A prospect's rows tell one story: answers, outcome, score and audit."""
    name = prospect.external_id
    observations = session.scalars(
        select(Observation)
        .where(Observation.prospect_id == prospect.id)
        .order_by(Observation.recorded_at, Observation.id)
    ).all()
    if merge(observations).answers != prospect.answers:
        msg = f"The answers of {name} are not the merge of its observations."
        raise Wrong(msg)
    outcomes = session.scalars(select(OutcomeEntry).where(OutcomeEntry.prospect_id == prospect.id)).all()
    if [outcome.result for outcome in outcomes] != ([] if prospect.state == "open" else [prospect.state]):
        msg = f"{name} is {prospect.state} with {len(outcomes)} outcomes."
        raise Wrong(msg)
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == prospect.id)).all()
    expected = [
        "prospect.created",
        *["observation.recorded"] * len(observations),
        *["outcome.recorded"] * len(outcomes),
    ]
    if sorted(actions) != sorted(expected):
        msg = f"The audit of {name} holds {actions}, its rows tell {expected}."
        raise Wrong(msg)
    card = load_card(session, card_in_force(session, SHEET) or "")
    columns = score_columns(card, prospect.answers)
    last = select(ScoreEntry).where(ScoreEntry.prospect_id == prospect.id).order_by(ScoreEntry.id.desc()).limit(1)
    logged = session.scalar(last)
    if logged is None or not prospect.score == logged.score == columns["score"] or logged.points != columns["points"]:
        msg = f"The score of {name} is {prospect.score}, its log and its answers say otherwise."
        raise Wrong(msg)


def _learn(place: Installation, writers: list[Writer]) -> None:
    database = place.database()
    with database.reading() as session:
        for writer in writers:
            for prospect in session.scalars(select(Prospect).where(Prospect.owner == writer.name)):
                told = writer.known.setdefault(prospect.external_id, Acknowledged())
                seen = select(Observation.id).where(Observation.prospect_id == prospect.id)
                told.answers, told.observations = dict(prospect.answers), len(session.scalars(seen).all())
                told.result = None if prospect.state == "open" else prospect.state
    database.engine.dispose()


def soak_writers(url: str, seconds: float) -> str:
    """Eight writers at once: every write is taken, none is told to come again."""
    place = Installation.make(url)
    with serving.running(place.server):
        writers = writers_of(place, 8)
        write_while(writers, lambda: time.sleep(seconds))
        check_acknowledged(place, writers)
        place.server.stop()
    waits = sorted(1000 * wait for writer in writers for wait in writer.waits)
    figures = f"p50 {statistics.median(waits):.0f}, p99 {waits[int(0.99 * len(waits))]:.0f}, max {waits[-1]:.0f} ms"
    return f"8 writers for {seconds:g} s: {len(waits)} writes, none refused; {figures}"


def soak_backup(url: str, folder: Path) -> str:
    """Back up under load and restore elsewhere: the same scores, bit for bit."""
    place = Installation.make(url)
    copy = serving.environment(f"sqlite:///{folder / 'restored.db'}", secret_key=place.variables["WINNOW_SECRET_KEY"])
    file = folder / "backup.gz"

    def back_up() -> dict[str, Acknowledged]:
        time.sleep(2)
        before = {name: told for writer in writers for name, told in list(writer.known.items())}
        serving.winnow(place.variables, "backup", str(file))
        return before

    with serving.running(place.server):
        writers = writers_of(place, WRITERS)
        before = write_while(writers, back_up)
        serving.winnow(copy, "restore", str(file))
        with serving.running(serving.Server(copy)) as restored:
            compared = _compare_scores(place, restored.url, before)
            restored.stop()
        serving.winnow(copy, "audit", "verify")
        place.server.stop()
    return f"backed up under load and restored: {compared} prospects, those that had not changed score the same"


def _compare_scores(place: Installation, restored_url: str, before: dict[str, Acknowledged]) -> int:
    headers = {"Authorization": f"Bearer {place.key}"}
    with (
        httpx.Client(base_url=place.server.url, headers=headers) as here,
        httpx.Client(base_url=restored_url, headers=headers) as there,
    ):
        for name in before:
            answers = there.get(f"/v1/prospects/{name}")
            if answers.status_code != 200:
                msg = f"Prospect {name} was there before the backup and is not in it."
                raise Wrong(msg)
            now = here.get(f"/v1/prospects/{name}").json()
            if answers.json() == now:
                scores = [client.get(f"/v1/prospects/{name}/score").json() for client in (here, there)]
                kept = [{k: v for k, v in score.items() if k not in {"as_of", "request_id"}} for score in scores]
                if kept[0] != kept[1]:
                    msg = f"Prospect {name} scores otherwise after a restore: {kept}."
                    raise Wrong(msg)
    return len(before)


def soak_stop(url: str) -> str:
    """Ask the service to stop under load: what it has taken on, it answers."""
    place = Installation.make(url)
    with serving.running(place.server):
        writers = writers_of(place, WRITERS)

        def stop() -> int:
            time.sleep(2)
            return place.server.stop()

        code = write_while(writers, stop)
        if code not in {0, -signal.SIGTERM}:
            msg = f"The service ended with {code}."
            raise Wrong(msg)
        place.server.start()
        check_acknowledged(place, writers)
        place.server.stop()
    return "stopped under load: what was written was answered, to the last write"
