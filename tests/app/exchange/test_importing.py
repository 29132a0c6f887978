"""Importing tables: what lands, what is refused, and that importing again changes nothing."""

import gzip
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.accounts.audit import find_break
from app.accounts.service import COMMAND_LINE
from app.checksheets.queries import load_sheet
from app.db import utcnow
from app.exchange.files import UnreadableFile
from app.prospects.tables import Prospect
from app.scoring.schemas import UpsertInput
from app.scoring.service import refresh_score, upsert
from app.training.dataset import load_dataset
from app.training.schemas import TrainInput
from app.training.service import train
from tests.app.exchange.conftest import BELIEVED, HEADER

GOOD = "1,Brandt,ada,yes,3,the boss,deciding,42540.00,EUR,2026-01-10,Won,2026-02-01"
OPEN_ROW = "2,Ode,bob,?,,nobody,,,,,Quoted,"


@pytest.fixture
def prospects(database):
    """The prospects by external id, as their columns stand."""

    def read():
        with database.reading() as session:
            return {row.external_id: row for row in session.scalars(select(Prospect))}

    return read


def test_good_rows_land_whole(import_rows, prospects):
    """A row becomes a prospect with its fields, its answers and its outcome."""
    report = import_rows(GOOD, OPEN_ROW)
    assert (report.created, report.failed) == (2, 0)
    won, still_open = prospects()["crm-1"], prospects()["crm-2"]
    assert (won.name, won.owner, won.stage, won.amount, won.currency) == (
        "Brandt", "ada", "deciding", Decimal("42540.00"), "EUR"
    )  # fmt: skip
    assert won.answers == {"budget": True, "visits": 3, "met": "boss"}
    assert (won.state, won.decided_at) == ("won", datetime(2026, 2, 1, 23, 59, 59, tzinfo=UTC))
    assert (still_open.state, still_open.answers) == ("open", {"budget": "unknown", "met": "nobody"})


BAD = {
    "wrong_choice": ("7,x,ada,yes,3,the cat,,,,,Won,", "Met", "does not list"),
    "not_a_number": ("7,x,ada,yes,three,nobody,,,,,Won,", "Visits", "takes a number"),
    "wrong_decided_at": ("7,x,ada,yes,3,nobody,,,,,Won,31.12.2025", "Closed", "'31.12.2025'"),
    "wrong_observed_at": ("7,x,ada,yes,3,nobody,,,,2999-01-01,Won,", "Seen", "lies in the future"),
    "wrong_id": (",x,ada,yes,3,nobody,,,,,Won,", "Id", None),
    "wrong_name": (f"7,{'x' * 201},ada,yes,3,nobody,,,,,Won,", "Customer", "at most 200 characters"),
    "wrong_owner": ("7,x,a\x07da,yes,3,nobody,,,,,Won,", "Rep", "control characters are not text"),
    "wrong_amount": ("7,x,ada,yes,3,nobody,,12k,,,Won,", "Value", "'12k'"),
    "wrong_currency": ("7,x,ada,yes,3,nobody,,1.00,euro,,Won,", "Cur", "'euro'"),
    "unknown_stage": ("7,x,ada,yes,3,nobody,dreaming,,,,Won,", "", "has no step 'dreaming'"),
    "unknown_outcome": ("7,x,ada,yes,3,nobody,,,,,Perhaps,", "Status", "what outcome 'Perhaps' is"),
    "duplicate_id": ("1,x,ada,yes,3,nobody,,,,,Won,", "", "'crm-1' stands twice"),
    "embedded_nul": ("7,x\0y,ada,yes,3,nobody,,,,,Won,", "", "NUL character"),
    "wrong_encoding": ("7,M\udce9ry,ada,yes,3,nobody,,,,,Won,", "", "is not UTF-8"),
    "wrong_width": ("7,x,ada,yes,3", "", "5 cells, the header names 12"),
    "unreadable_row": ('7,"x,ada,yes,3,nobody,,,,,Won,', "", "quotation mark"),
    "empty_row": (",,,,,,,,,,,", "", "empty"),
}


@pytest.mark.parametrize("code", BAD)
def test_promise_11_a_bad_row_is_named_and_the_good_ones_land(import_rows, prospects, code):
    """A bad row is reported with its line, column and reason; the rows around it are stored."""
    row, column, reason = BAD[code]
    # The id of an empty row is its number, the one of any other row stands in a column.
    changes = {"id": {"row": True, "prefix": "crm-"}} if code == "empty_row" else {}
    content = "\n".join([HEADER, GOOD, row, OPEN_ROW, ""]).encode(errors="surrogateescape")
    report = import_rows(content=content, **changes)
    (bad,) = report.errors
    assert (bad.line, bad.code, bad.column) == (3, code, column)
    assert (reason or "printable") in bad.reason
    assert report.created == len(prospects()) == 2


def test_too_many_cells_are_a_bad_row(import_rows):
    """A row wider than the header is refused."""
    report = import_rows(GOOD, OPEN_ROW + ",more")
    assert [(bad.line, bad.reason) for bad in report.errors] == [(3, "The row has 13 cells, the header names 12.")]


def test_a_message_shows_nothing_a_terminal_obeys(import_rows):
    """An escape character in a cell is quoted, and a long cell is cut."""
    report = import_rows(f"7,x,ada,\x1b[2J{'y' * 500},3,nobody,,,,,Won,")
    assert "\x1b" not in report.errors[0].reason
    assert len(report.errors[0].reason) < 150


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_file(import_rows, ending):
    """Blank lines and cells of several lines count, whatever ends a line."""
    rows = [HEADER, GOOD, "", '3,"Müller\n& Söhne",ada,yes,1,nobody,,,,,Won,', "4,x,ada,maybe,1,nobody,,,,,Won,"]
    report = import_rows(content="﻿" + "\n".join([*rows, ""]).replace("\n", ending))
    assert [(bad.line, bad.code) for bad in report.errors] == [(6, "wrong_choice")]
    assert report.created == 2


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(import_rows, separator):
    """Any of the usual separators is found, also where the header quotes another."""
    rows = [HEADER.replace("Cur", '"Cur|,;|,;|,;|,;|,;|,;|,;"'), GOOD, OPEN_ROW]
    text = "\n".join(",".join(rows[:1]).split("\n") + rows[1:])
    quoted = '"Cur|,;|,;|,;|,;|,;|,;|,;"'
    text = text.replace(quoted, "QUOTED").replace(",", separator).replace("QUOTED", quoted)
    assert import_rows(content=text, currency={"column": quoted.strip('"')}).created == 2


def test_gzip_is_found_by_its_content(import_rows):
    """A gzipped file is read as it is, whatever its name."""
    assert import_rows(content=gzip.compress("\n".join([HEADER, GOOD]).encode())).created == 1


def test_a_gzip_cut_short_is_a_sentence_and_keeps_what_was_read(import_rows, prospects, monkeypatch):
    """What was read before the break lands; then it is said that the file ends too early."""
    monkeypatch.setattr("app.exchange.reading.BATCH", 50)
    rows = [f"{n},x,ada,yes,3,nobody,,,,,Won," for n in range(5_000)]
    whole = gzip.compress("\n".join([HEADER, *rows]).encode())
    with pytest.raises(UnreadableFile, match="cannot be read to its end"):
        import_rows(content=whole[: len(whole) // 2])
    assert 50 < len(prospects()) < 5_000


def test_a_missing_quotation_mark_costs_its_own_row_only(import_rows):
    """The rows that an open quotation mark has swallowed are read again."""
    report = import_rows(GOOD, '7,"Open,ada,yes,3,nobody,,,,,Won,', OPEN_ROW, '8,"Shut",ada,yes,3,nobody,,,,,Won,')
    assert [bad.line for bad in report.errors] == [3]
    assert report.created == 3


def test_promise_11_importing_again_changes_nothing(import_rows, database, read_tables):
    """The same file a second time leaves every row of every table as it is, the audit included."""
    first = import_rows(GOOD, OPEN_ROW, "x", "3,y,ada,maybe,1,nobody,,,,,Won,")
    before = read_tables(database)
    second = import_rows(GOOD, OPEN_ROW, "x", "3,y,ada,maybe,1,nobody,,,,,Won,")
    assert (first.created, second.created, second.unchanged, second.failed) == (2, 0, 2, 2)
    assert read_tables(database) == before


def test_a_changed_cell_changes_just_its_prospect(import_rows, prospects, database):
    """A new answer is a new observation of that prospect; the others are as they were."""
    import_rows(GOOD, OPEN_ROW)
    before = prospects()
    report = import_rows(GOOD, OPEN_ROW.replace("?", "yes"))
    after = prospects()
    assert (report.changed, report.unchanged) == (1, 1)
    assert after["crm-2"].answers["budget"] is True
    assert after["crm-1"].version == before["crm-1"].version
    with database.reading() as session:
        assert find_break(session)[1] is None


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        (("Brandt", "Brandt AG"), "name", "Brandt AG"),
        (("Won", "Lost"), "state", "lost"),
        (("2026-02-01", "2026-02-03"), "decided_at", datetime(2026, 2, 3, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_corrected_row_corrects_its_prospect(import_rows, prospects, change, name, value):
    """A name, a result and a date of decision follow the file."""
    import_rows(GOOD)
    assert import_rows(GOOD.replace(*change)).changed == 1
    assert getattr(prospects()["crm-1"], name) == value


def test_a_corrected_amount_is_a_new_word_on_the_same_outcome(import_rows, prospects, read_tables, database):
    """What was sold can be corrected without a date of decision in the file."""
    row, changes = "1,x,ada,yes,3,nobody,,{},EUR,,Won,", {"decided_at": None, "outcome_amount": {"column": "Value"}}
    import_rows(row.format("10.00"), **changes)
    before = prospects()["crm-1"].decided_at
    import_rows(row.format("12.00"), **changes)
    outcomes = read_tables(database)["outcome"]
    assert [one["amount"] for one in outcomes] == [Decimal("10.00"), Decimal("12.00")]
    assert {one["decided_at"] for one in outcomes} == {before}


def test_a_blank_never_takes_back(import_rows, prospects):
    """An emptied cell leaves the field, the answer and the outcome as they are."""
    import_rows(GOOD)
    import_rows("1,,ada,,,,,,,,,")
    prospect = prospects()["crm-1"]
    assert (prospect.name, prospect.state) == ("Brandt", "won")
    assert prospect.answers == {"budget": True, "visits": 3, "met": "boss"}


def test_a_correction_of_a_closed_prospect_is_trained_on(import_rows, database):
    """An answer corrected in the file was seen by the decision, as the one it corrects."""
    rows = [f"{n},x,ada,yes,3,nobody,,,,,{'Won' if n % 2 else 'Lost'},2026-01-0{n}" for n in range(1, 9)]
    import_rows(*rows)
    import_rows(*[row.replace("yes", "no") for row in rows])
    with database.reading() as session:
        dataset = load_dataset(session, load_sheet(session, "bids"), as_of=None)
    assert dataset.history.prospects == 8
    assert {tuple(row) for row in zip(dataset.history.prospect, dataset.history.answers["budget"], strict=True)} == {
        (n, False) for n in range(8)
    }


def test_a_prospect_of_another_sheet_is_refused(import_rows, database, prospects):
    """A row never lands on a check sheet it was not meant for."""
    import_rows(GOOD)
    report = import_rows(GOOD.replace("yes", "no"), check_sheet={"key": "other"})
    assert [(bad.line, bad.code) for bad in report.errors] == [(2, "check_sheet_fixed")]
    assert prospects()["crm-1"].answers["budget"] is True


def test_rows_without_times_have_no_order(import_rows, database):
    """Rows with no times get one import time and count as having none; with dates they have an order."""
    rows = [f"{n},x,ada,{'yes' if n % 3 else 'no'},3,nobody,,,,,{'Won' if n % 2 else 'Lost'},{{}}" for n in range(30)]

    def order():
        with database.reading() as session:
            return load_dataset(session, load_sheet(session, "bids"), as_of=None).history.decided_at

    import_rows(*[row.format("") for row in rows])
    assert order() is None
    import_rows(*[row.format(f"2026-01-{n + 1:02}") for n, row in enumerate(rows)])
    assert len(order()) == 30


def test_late_answers_are_kept_and_not_trained_on(import_rows, database, prospects):
    """What was seen after the decision stands on the prospect and not in the training data."""
    import_rows(GOOD, "2,x,ada,yes,3,nobody,,,,2026-02-02,Lost,2026-02-01", "3,x,ada,no,3,nobody,,,,,Lost,2026-02-02")
    with database.reading() as session:
        dataset = load_dataset(session, load_sheet(session, "bids"), as_of=None)
    assert dataset.history.prospects == 2
    assert prospects()["crm-2"].answers["budget"] is True


def test_reconstructed_rows_count_half(import_rows, database):
    """A mapping that says so marks every observation as ticked afterwards from notes."""
    import_rows(GOOD, GOOD.replace("1,Brandt", "2,Ode").replace("Won", "Lost"), reconstructed=True)
    with database.reading() as session:
        history = load_dataset(session, load_sheet(session, "bids"), as_of=None).history
    assert history.reconstructed.all()
    assert set(history.weight) == {0.5}


def test_open_prospects_are_scored_on_import(import_rows, prospects):
    """With a card in force an open prospect has its score at once, with its row in the log."""
    import_rows(OPEN_ROW, "3,x,ada,yes,3,nobody,,,,,,", items=BELIEVED)
    found = prospects()
    assert found["crm-3"].score > found["crm-2"].score
    assert found["crm-3"].grade is not None


def test_closed_prospects_are_not_scored_by_a_later_card(import_rows, prospects, read_tables, database):
    """A card made after the outcome has seen it: history from before has no score and no row in the log."""
    import_rows(GOOD, OPEN_ROW, items=BELIEVED)
    assert prospects()["crm-1"].score is None
    assert len(read_tables(database)["score_entry"]) == 1


def test_imported_scores_are_those_the_service_gives(import_rows, database, prospects):
    """Scoring every imported prospect anew changes none: the import scores by the same rules."""
    import_rows(OPEN_ROW, items=BELIEVED)
    day = (utcnow() + timedelta(days=1)).date().isoformat()
    today = utcnow().date().isoformat()
    rows = [GOOD, OPEN_ROW, f"3,x,ada,yes,3,nobody,,,,,Won,{today}", f"4,x,ada,yes,3,nobody,,,,{today},Lost,2026-01-01"]
    assert day > today
    import_rows(*rows, items=BELIEVED)
    before = {key: (row.score, row.score_changed_at) for key, row in prospects().items()}
    with database.writing() as session:
        for prospect in session.scalars(select(Prospect)):
            refresh_score(session, prospect, cause="card", now=utcnow())
    assert {key: (row.score, row.score_changed_at) for key, row in prospects().items()} == before


def test_imported_answers_train_a_card(import_rows, database):
    """History comes in by a file and a card comes out."""
    rows = [
        f"{n},x,ada,{'yes' if n % 2 else 'no'},{n % 5},nobody,,,,,{'Won' if n % 8 in (1, 3, 5, 0) else 'Lost'},"
        for n in range(60)
    ]
    import_rows(*rows)
    assert train(database, caller=COMMAND_LINE, asked=TrainInput(check_sheet="bids")).startswith("sc_")


def test_an_import_takes_up_what_the_api_made(import_rows, database, prospects):
    """A prospect that is there already is changed, not doubled."""
    with database.writing() as session:
        upsert(
            session,
            caller=COMMAND_LINE,
            external_id="crm-2",
            given=UpsertInput(name="Old"),
            if_match=None,
            now=utcnow(),
        )
    report = import_rows(GOOD, OPEN_ROW)
    assert (report.created, report.changed) == (1, 1)
    assert prospects()["crm-2"].name == "Ode"


MISFITS = [
    ({"id": {"column": "Nr"}}, r"The file has no column 'Nr'; it has Id, Customer"),
    ({"outcome": {"column": "End", "won": ["Won"], "lost": []}}, "The file has no column 'End'"),
    ({"items": {"met": {"column": "Met", "kind": "choice"}}}, "a choice item needs choices"),
    (
        {"items": {"visits": {"column": "Met", "kind": "scale", "answers": {"the boss": "The Boss"}}}},
        "should match pattern",
    ),
]


@pytest.mark.parametrize(("changes", "sentence"), MISFITS)
def test_a_mapping_that_does_not_fit_leaves_nothing_behind(import_rows, count_rows, changes, sentence):
    """It is said in a sentence, and no check sheet was made."""
    with pytest.raises(UnreadableFile, match=sentence):
        import_rows(GOOD, **changes)
    assert set(count_rows().values()) == {0}


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ({"tender": {"column": "Met", "kind": "yes_no"}}, "Check sheet 'bids' has no item 'tender'."),
        ({"met": {"column": "Met", "kind": "number"}}, "Item 'met' is a scale item on check sheet 'bids'"),
        ({"met": {"column": "Met", "kind": "scale", "answers": {"the boss": "king"}}}, "turns 'the boss' into 'king'"),
        ({"met": {"column": "Id", "kind": "scale"}, "budget": {"column": "No", "kind": "yes_no"}}, "no column 'No'"),
    ],
)
def test_items_must_be_those_of_the_sheet(import_rows, items, sentence):
    """An item the sheet does not ask, another kind or another answer is said before any row is read."""
    import_rows(GOOD)
    with pytest.raises(UnreadableFile, match=sentence):
        import_rows(OPEN_ROW, items=items)


def test_a_column_that_stands_twice_is_not_guessed_at(import_rows):
    """A mapping may not name a column of which there are two."""
    with pytest.raises(UnreadableFile, match="The file has two columns 'Budget'"):
        import_rows(GOOD, header=HEADER.replace("Visits", "Budget"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty: its first line must name the columns"),
        (b"\n\n", "is empty"),
        ("Id,Bud\udcfcget\n1,yes\n".encode(errors="surrogateescape"), "header of .* The row is not UTF-8"),
        (HEADER.encode("utf-16"), "cannot be read"),
    ],
)
def test_a_file_that_is_no_table_is_a_sentence(import_rows, content, sentence):
    """Nothing, and an encoding nobody can guess."""
    with pytest.raises(UnreadableFile, match=sentence):
        import_rows(content=content)


@pytest.mark.parametrize(
    ("written", "text", "meant"),
    [
        ("%d.%m.%Y", "01.02.2026", datetime(2026, 2, 1, 23, 59, 59, tzinfo=UTC)),
        ("%d.%m.%Y %H:%M", "01.02.2026 09:30", datetime(2026, 2, 1, 9, 30, tzinfo=UTC)),
        ("%Y%m%d %H:%M %z", "20260201 09:30 +0200", datetime(2026, 2, 1, 7, 30, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_they_are_written(import_rows, prospects, written, text, meant):
    """A date is the end of its day, a time without a zone is UTC, one with a zone is that moment."""
    import_rows(f"1,x,ada,yes,3,nobody,,,,,Won,{text}", decided_at={"column": "Closed", "format": written})
    assert prospects()["crm-1"].decided_at == meant
