"""Two cards of one check sheet side by side, and which open prospects the second would grade otherwise, and why."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from sqlalchemy import not_, select, true
from sqlalchemy.orm import Session

from app.accounts.service import Caller
from app.errors import Conflict
from app.paging import decode_cursor, encode_cursor
from app.prospects.queries import visible_to
from app.prospects.tables import OPEN, Prospect
from app.prospects.withholding import awaiting_forecast, sight_of
from app.scorecards.queries import card_in_force, find_card, load_card
from app.scorecards.schemas import (
    AnswerChange,
    BaseChange,
    ComparedCard,
    CurveBody,
    CurveChange,
    DiffBody,
    Figure,
    FigureChange,
    GradeChange,
    GradeMoves,
    GradesChange,
    LineChange,
    MovedLine,
    MovedProspect,
    PointsChange,
    ProspectCounts,
    ScoreChange,
)
from app.scorecards.tables import ScorecardRow
from models.scorecard import Level, Line, Scorecard, as_score

MOST_SCORED = 20_000  # open prospects scored by both cards in one call: about a second
_MOST_REASONS = 3
_FIGURES = ("log_loss", "auc", "brier", "ece", "calibration_slope", "gain")


def diff_cards(
    session: Session, *, caller: Caller, before: str, after: str, cursor: str | None, limit: int
) -> DiffBody:
    """Compare two stored cards; 409 where they belong to different check sheets."""
    rows = find_card(session, before), find_card(session, after)
    if rows[0].check_sheet != rows[1].check_sheet:
        raise Conflict(
            f"Scorecard '{before}' belongs to check sheet '{rows[0].check_sheet}', '{after}' to "
            f"'{rows[1].check_sheet}'; only cards of one check sheet can be compared.",
            code="different_check_sheets",
        )
    first, second = (load_card(session, row.id).card for row in rows)
    lines, unchanged = compare_lines(first, second)
    in_force = card_in_force(session, rows[0].check_sheet)
    compared = [_describe(row, in_force) for row in rows]
    counts, items, more = _prospects(session, caller, rows[0].check_sheet, (first, second), cursor, limit)
    return DiffBody(
        check_sheet=rows[0].check_sheet,
        before=compared[0],
        after=compared[1],
        identical=first.hash == second.hash,
        base_points=BaseChange(before=first.base_points, after=second.base_points),
        curve=CurveChange(before=_curve(first), after=_curve(second)),
        grades=GradesChange(before=first.grades, after=second.grades),
        lines=lines,
        unchanged=unchanged,
        evaluation=_figures(first, second),
        prospects=counts,
        items=items,
        next=more,
        warnings=[] if _same_evidence(*rows) else ["evaluated_on_different_data"],
    )


def _describe(row: ScorecardRow, in_force: str | None) -> ComparedCard:
    return ComparedCard(
        id=row.id,
        hash=row.hash,
        basis=row.basis,
        prospects=row.prospects,
        won=row.body["won"],
        lost=row.body["lost"],
        created_at=row.created_at,
        in_force=row.id == in_force,
    )


def _curve(card: Scorecard) -> CurveBody:
    return CurveBody(intercept=card.curve.intercept, slope=card.curve.slope)


def _same_evidence(first: ScorecardRow, second: ScorecardRow) -> bool:
    evaluated = all(row.body.get("evaluation") for row in (first, second))
    return not evaluated or first.data_fingerprint == second.data_fingerprint


def _figures(first: Scorecard, second: Scorecard) -> list[FigureChange]:
    return [FigureChange(figure=name, before=_figure(first, name), after=_figure(second, name)) for name in _FIGURES]


def _figure(card: Scorecard, name: str) -> Figure | None:
    found = (card.evaluation or {}).get(name)
    if found is None:
        return None
    return Figure.model_validate(found) if isinstance(found, dict) else Figure(value=found)


def compare_lines(first: Scorecard, second: Scorecard) -> tuple[list[LineChange], list[str]]:
    """The lines only one card has or that count differently, in the order of the second card, and those alike."""
    before, after = ({line.line: line for line in card.lines} for card in (first, second))
    changes, unchanged = [], []
    for name in [*after, *(name for name in before if name not in after)]:
        change = _compare_line(before.get(name), after.get(name))
        if change.answers:
            changes.append(change)
        else:
            unchanged.append(name)
    return changes, unchanged


def _compare_line(before: Line | None, after: Line | None) -> LineChange:
    line = after or before
    if line is None:
        raise ValueError
    levels = {_key(level): level for each in (after, before) if each for level in each.levels}
    answers = [
        AnswerChange(
            state=level.state,
            answer=level.answer,
            start=level.start,
            below=level.below,
            answer_text=level.text,
            points=PointsChange(before=_points(before, level), after=_points(after, level)),
        )
        for level in levels.values()
    ]
    if before and after:
        answers = [answer for answer in answers if answer.points.before != answer.points.after]
    change = "changed" if before and after else "added" if after else "dropped"
    return LineChange(line=line.line, items=list(line.items), label=line.label, change=change, answers=answers)


def _key(level: Level) -> tuple[Any, ...]:
    return level.state, json.dumps(level.answer, sort_keys=True), level.start, level.below


def _points(line: Line | None, asked: Level) -> int | None:
    """What a line gives to an answer; null where there is no line, or its bins are cut elsewhere."""
    if line is None:
        return None
    own = {_key(level): level.points for level in line.levels}
    if _key(asked) in own:
        return own[_key(asked)]
    if asked.state == "answered":
        if line.kind == "number":
            return None
        pooled = [level.points for level in line.levels if level.state == "answered" and level.answer is None]
        return pooled[0] if pooled else 0
    return 0


@dataclass(frozen=True, slots=True)
class _Marks:
    """What totals of points come to by a card; each total is worked out once."""

    card: Scorecard
    known: dict[int, tuple[int, str]]

    def of(self, answers: dict[str, Any]) -> tuple[int, str]:
        """The score and the grade of a sheet."""
        points = self.card.points_of(answers)
        if points not in self.known:
            chance = self.card.probability(points)
            self.known[points] = as_score(chance), self.card.grade(chance)
        return self.known[points]


@dataclass(frozen=True, slots=True)
class _Moved:
    """An open prospect both cards have scored."""

    id: str
    answers: dict[str, Any]
    before: tuple[int, str]
    after: tuple[int, str]

    @property
    def rank(self) -> tuple[int, str]:
        """Where it stands in the list: the largest change first."""
        return -abs(self.after[0] - self.before[0]), self.id


def _prospects(
    session: Session,
    caller: Caller,
    check_sheet: str,
    cards: tuple[Scorecard, Scorecard],
    cursor: str | None,
    limit: int,
) -> tuple[ProspectCounts, list[MovedProspect], str | None]:
    behind = decode_cursor(cursor, "diff", (int, str)) if cursor else None
    tally: Counter[str] = Counter()
    moves: Counter[tuple[str, str]] = Counter()

    def listed() -> Iterator[_Moved]:
        for moved in _scored_by_both(session, caller, check_sheet, cards):
            tally["open"] += 1
            if tally["open"] > MOST_SCORED:
                continue  # the last row, asked for only to know that there is one; a cursor is read to its end
            tally["score"] += moved.before[0] != moved.after[0]
            if moved.before[1] != moved.after[1]:
                moves[moved.before[1], moved.after[1]] += 1
                if behind is None or moved.rank > behind:
                    yield moved

    found = nsmallest(limit + 1, listed(), key=lambda moved: moved.rank)
    shown = found[:limit]
    counts = ProspectCounts(
        open=min(tally["open"], MOST_SCORED),
        complete=tally["open"] <= MOST_SCORED,
        changed_score=tally["score"],
        changed_grade=moves.total(),
        up=sum(count for (before, after), count in moves.items() if after < before),
        down=sum(count for (before, after), count in moves.items() if after > before),
        moves=[
            GradeMoves.model_validate({"before": b, "after": a, "prospects": n}) for (b, a), n in sorted(moves.items())
        ],
    )
    more = encode_cursor("diff", shown[-1].rank) if len(found) > limit else None
    return counts, _list(session, shown, cards), more


def _scored_by_both(
    session: Session, caller: Caller, check_sheet: str, cards: tuple[Scorecard, Scorecard]
) -> Iterator[_Moved]:
    """The open prospects whose scores the caller may see, the newest to arrive first."""
    shown = not_(awaiting_forecast()) if sight_of(session, caller).blinded else true()
    query = (
        select(Prospect.id, Prospect.answers)
        .where(Prospect.check_sheet == check_sheet, Prospect.state == OPEN, visible_to(caller), shown)
        .order_by(Prospect.arrived_at.desc(), Prospect.id)
        .limit(MOST_SCORED + 1)
    )
    before, after = (_Marks(card, {}) for card in cards)
    for row in session.execute(query.execution_options(yield_per=2_000)):
        yield _Moved(row.id, row.answers, before.of(row.answers), after.of(row.answers))


def _list(session: Session, shown: list[_Moved], cards: tuple[Scorecard, Scorecard]) -> list[MovedProspect]:
    columns = (Prospect.id, Prospect.external_id, Prospect.name, Prospect.owner)
    rows = session.execute(select(*columns).where(Prospect.id.in_([moved.id for moved in shown])))
    names = {row.id: row for row in rows}
    return [
        MovedProspect(
            prospect=names[moved.id].external_id,
            name=names[moved.id].name,
            owner=names[moved.id].owner,
            score=ScoreChange(before=moved.before[0], after=moved.after[0]),
            grade=GradeChange.model_validate({"before": moved.before[1], "after": moved.after[1]}),
            because=sorted(moved_lines(*cards, moved.answers), key=lambda line: -abs(line.log_odds))[:_MOST_REASONS],
        )
        for moved in shown
    ]


def moved_lines(first: Scorecard, second: Scorecard, answers: dict[str, Any]) -> list[MovedLine]:
    """What the start and each line do to the difference between a sheet's log-odds by two cards; they sum to it."""
    before, after = ({reason.line: reason for reason in card.score(answers).reasons} for card in (first, second))
    start = [card.curve.intercept + card.curve.slope * card.base_points for card in (first, second)]
    found = [
        MovedLine(
            line=None,
            label="start with",
            answer_text="",
            points=PointsChange(before=first.base_points, after=second.base_points),
            log_odds=start[1] - start[0],
        )
    ]
    for name in after | before:
        old, new = before.get(name), after.get(name)
        reason = new or old
        if reason is not None:
            points = PointsChange(before=old.points if old else None, after=new.points if new else None)
            difference = second.curve.slope * (points.after or 0) - first.curve.slope * (points.before or 0)
            found.append(
                MovedLine(
                    line=name, label=reason.label, answer_text=reason.answer_text, points=points, log_odds=difference
                )
            )
    return [line for line in found if line.log_odds]
