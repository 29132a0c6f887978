"""Each CRM's own export, as the vendor writes it, becomes prospects, outcomes, forecasts and effort."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.accounts.service import COMMAND_LINE
from app.exchange.files import UnreadableFile, read_table
from app.exchange.importing import import_file
from app.exchange.queries import fit_preset
from app.forecasts.tables import Forecast
from app.prospects.tables import Effort, OutcomeEntry, Prospect
from tests.visiting import form_with, says
from tests.workbooks import write_workbook

SALESFORCE = """"Id","IsDeleted","AccountId","Name","StageName","Amount","CurrencyIsoCode","Probability","CloseDate",\
"IsClosed","IsWon","ForecastCategory","OwnerId","LeadSource","CreatedDate","Loss_Reason__c","Budget"
"006Ws000001aAAAIA2","false","001Ws0001","Inline gauge","Closed Won","60000.0","EUR","100.0","2026-02-01","true",\
"true","Closed","005Ws1","Trade Show","2026-01-05T09:30:00.000Z","","true"
"006Ws000001aBBBIA2","false","001Ws0002","Press line","Abgelehnt","1200.5","EUR","0.0","2026-02-02","true","false",\
"Omitted","005Ws1","Web","2026-01-06T10:00:00.000+0000","Cancelled by customer","false"
"006Ws000001aCCCIA2","true","001Ws0002","Press line","Prospecting","","EUR","10.0","2026-02-02","false","false",\
"Pipeline","005Ws1","Web","2026-01-06T10:00:00.000+0000","",""
"006Ws000001aDDDIA2","false","001Ws0003","Third","Negotiation","5000.0","EUR","35.5","2027-09-30","false","false",\
"BestCase","005Ws2","Web","2026-01-07T10:00:00.000+0000","",""
"""
HUBSPOT = """Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Currency,Is Deal Closed?,Is Closed Won,\
Deal probability,Closed Lost Reason,Create Date
9001,Inline gauge,Closed won,2026-02-01 14:03,Ada Lund,60000,EUR,true,true,1.0,,2026-01-05 09:30
9002,Press line,Closed lost,2026-02-02 08:00,Bo Falk,,EUR,true,false,0.0,price,2026-01-06 10:00
9003,Third,Proposal,2027-09-30 00:00,Bo Falk,5000,EUR,false,false,0.4,,2026-01-07 10:00
9004,Fourth,Proposal,2027-09-30 00:00,Bo Falk,5000,EUR,false,false,40,,2026-01-07 10:00
"""
DYNAMICS = [
    ["(Do Not Modify) Opportunity", "(Do Not Modify) Row Checksum", "Topic", "Status", "Status Reason", "Owner",
     "Est. close date", "Est. revenue", "Actual Close Date", "Actual Revenue", "Probability", "Need",
     "Purchase Timeframe", "Confirm Interest"],
    ["{8f1d}", "x", "Inline gauge", "Won", "Won", "Ada Lund", date(2026, 1, 31), 60000, date(2026, 2, 1), 58000, 90,
     "Must have", "This Quarter", "Yes"],
    ["{8f2d}", "x", "Press line", "Lost", "Canceled", "Bo Falk", None, 1200.5, date(2026, 2, 2), None, 20,
     "No need", "Unknown", "No"],
    ["{8f3d}", "x", "Third", "Open", "In Progress", "Bo Falk", date(2027, 9, 30), 5000, None, None, 40, None, None, ""],
    ["{8f4d}", "x", "Fourth", "Open", "On Hold", "Bo Falk", date(2027, 9, 30), 5000, None, None, None, None, None, 1],
]  # fmt: skip
PIPEDRIVE = """Deal - ID,Deal - Title,Deal - Status,Deal - Value,Deal - Currency of Value,Deal - Owner,\
Deal - Probability,Deal - Expected close date,Deal - Won time,Deal - Lost time,Deal - Lost reason,Deal - Deal created
1,Inline gauge,Won,60000,EUR,Ada Lund,,2026-01-31,2026-02-01 14:03:00,,,2026-01-05 09:30:00
2,Press line,Lost,1200.5,EUR,Bo Falk,,,,2026-02-02 08:00:00,Duplicate of 3,2026-01-06 10:00:00
3,Third,Open,5000,EUR,Bo Falk,40,2027-09-30,,,,2026-01-07 10:00:00
4,Fourth,Deleted,5000,EUR,Bo Falk,,,,,,2026-01-07 10:00:00
"""
ODOO = """id,name,active,probability,date_closed,date_deadline,expected_revenue,user_id,lost_reason_id,create_date
41,Inline gauge,True,100.0,2026-02-01 14:03:00,2026-01-31,60000.0,Ada Lund,,2026-01-05 09:30:00
42,Press line,False,0.0,2026-02-02 08:00:00,,1200.5,Bo Falk,Too expensive,2026-01-06 10:00:00
43,Third,True,40.0,,2027-09-30,5000.0,Bo Falk,,2026-01-07 10:00:00
44,Archived,False,40.0,,,5000.0,Bo Falk,,2026-01-07 10:00:00
"""


@pytest.fixture
def bring_in(bids_api, database, tmp_path):
    """Import a text or the rows of a workbook by a preset; gives the report."""

    def run(preset, content, check_sheet=None):
        path = tmp_path / "export"
        if isinstance(content, str):
            path.write_text(content, "utf-8")
        else:
            write_workbook(path, content)
        with database.reading() as session, read_table(path) as table:
            mapping = fit_preset(session, table, preset=preset, check_sheet=check_sheet)
        return import_file(database, caller=COMMAND_LINE, path=path, mapping=mapping)

    return run


@pytest.fixture
def stored(database):
    """Prospects by id, and every row of another table."""

    def read(table=None):
        with database.reading() as session:
            if table is not None:
                return session.scalars(select(table)).all()
            return {row.external_id: row for row in session.scalars(select(Prospect))}

    return read


def test_salesforce_is_read_by_its_flags_and_not_by_stage_names(bring_in, stored):
    """IsWon and IsClosed decide, deleted is void, a cancelled project is no decision, an open CloseDate is expected."""
    assert bring_in("salesforce", SALESFORCE).created == 4
    found = stored()
    assert {key[-4]: row.state for key, row in found.items()} == {"A": "won", "B": "lost", "C": "void", "D": "open"}
    assert {row.reason for row in stored(OutcomeEntry) if row.result == "lost"} == {"no_decision"}
    first, last = found["006Ws000001aAAAIA2"], found["006Ws000001aDDDIA2"]
    assert (first.decided_at, first.arrived_at, first.answers) == (
        datetime(2026, 2, 1, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 5, 9, 30, tzinfo=UTC), {"budget": True}
    )  # fmt: skip
    assert (last.expected_close, last.amount, last.currency) == (date(2027, 9, 30), Decimal("5000.00"), "EUR")


def test_what_a_crm_holds_for_likely_is_an_imported_forecast_of_open_deals_alone(bring_in, stored):
    """100 and 0 of closed deals are hindsight; 35.5 % of the open one is kept, and not asked for again."""
    for _ in range(2):
        bring_in("salesforce", SALESFORCE)
        [forecast] = stored(Forecast)
        assert (forecast.kind, forecast.probability, forecast.owner) == ("imported", 0.355, "005Ws2")


def test_hubspot_writes_truth_as_text_and_probabilities_to_one(bring_in, stored):
    """A closed deal's close date is when it closed; 40 where 0.4 is meant is refused, never guessed at."""
    report = bring_in("hubspot", HUBSPOT)
    found = stored()
    assert {key: row.state for key, row in found.items()} == {"9001": "won", "9002": "lost", "9003": "open"}
    assert (found["9001"].decided_at, found["9003"].expected_close) == (
        datetime(2026, 2, 1, 14, 3, tzinfo=UTC), date(2027, 9, 30)
    )  # fmt: skip
    assert [(bad.line, bad.code) for bad in report.errors] == [(5, "wrong_probability")]
    assert [forecast.probability for forecast in stored(Forecast)] == [0.4]


def test_dynamics_brings_its_own_questions_by_their_labels(bring_in, stored):
    """Yes and No are what the label says; a bare code of an inverted field is refused."""
    report = bring_in("dynamics", DYNAMICS, check_sheet="dynamics")
    found = stored()
    assert found["{8f1d}"].answers == {
        "need": "must_have", "purchase_timeframe": "this_quarter", "confirm_interest": True
    }  # fmt: skip
    assert found["{8f2d}"].answers["confirm_interest"] is False
    assert {(row.result, row.reason, row.amount) for row in stored(OutcomeEntry)} == {
        ("won", "Won", Decimal(58000)), ("lost", "no_decision", None)
    }  # fmt: skip
    assert [(bad.line, bad.column) for bad in report.errors] == [(5, "Confirm Interest")]


@pytest.mark.parametrize(("said", "answer"), [("1,No", False), ("0,Yes", True), ("1,Yes", None), ("1,", None)])
def test_an_inverted_code_counts_with_its_label_or_not_at_all(bring_in, stored, said, answer):
    """1 is No and 0 is Yes; where code and label disagree, or no label stands beside it, the row is refused."""
    head = "opportunityid,statecode,statuscode,actualclosedate,confirminterest,"
    label = "confirminterest@OData.Community.Display.V1.FormattedValue"
    report = bring_in("dynamics", f"{head}{label}\na,0,1,,{said}\n", check_sheet="dynamics")
    assert [bad.column for bad in report.errors] == ([] if answer is not None else ["confirminterest"])
    assert {key: row.answers for key, row in stored().items()} == (
        {} if answer is None else {"a": {"confirm_interest": answer}}
    )


def test_pipedrive_deleted_and_duplicate_deals_are_void(bring_in, stored):
    """Won time and lost time are one thing in two columns."""
    assert bring_in("pipedrive", PIPEDRIVE).failed == 0
    found = stored()
    assert {key: row.state for key, row in found.items()} == {"1": "won", "2": "void", "3": "open", "4": "void"}
    assert found["2"].decided_at == datetime(2026, 2, 2, 8, tzinfo=UTC)
    assert [forecast.probability for forecast in stored(Forecast)] == [0.4]


def test_odoo_is_won_at_a_hundred_and_lost_when_inactive_at_nought(bring_in, stored):
    """Archived with another probability is neither, and not guessed at."""
    report = bring_in("odoo", ODOO)
    assert {key: row.state for key, row in stored().items()} == {"41": "won", "42": "lost", "43": "open"}
    assert [(bad.line, bad.code) for bad in report.errors] == [(5, "unknown_outcome")]


ACTIVITIES = """Id,WhatId,TaskSubtype,ActivityDate,DurationInMinutes,OwnerId,IsClosed
00T1,006Ws000001aDDDIA2,Call,2026-01-08,45,005Ws2,true
00T2,006Ws000001aDDDIA2,Meeting,2026-01-09,,005Ws2,true
00T3,006Ws000001aDDDIA2,Call,2026-01-10,30,005Ws2,false
00T4,006nobody,Call,2026-01-10,30,005Ws2,true
"""


def test_activities_are_effort_once(bring_in, stored):
    """45 minutes are 0.75 hours, a visit without hours is the standard's 4, planned ones are none, twice is once."""
    bring_in("salesforce", SALESFORCE)
    for expected in ((2, 1), (0, 3)):
        report = bring_in("salesforce", ACTIVITIES)
        assert (report.created, report.unchanged, [bad.code for bad in report.errors]) == (
            *expected,
            ["no_such_prospect"],
        )
    assert {(row.kind, row.hours, row.estimated) for row in stored(Effort)} == {
        ("call", Decimal("0.75"), False), ("visit", Decimal(4), True)
    }  # fmt: skip


def test_a_forecast_of_the_past_is_kept_with_its_time(bring_in, stored):
    """What stood before the outcome is kept once; the 100 % of the closing itself is hindsight."""
    bring_in("salesforce", SALESFORCE)
    past = """OpportunityId,Probability,ForecastCategory,CreatedDate
006Ws000001aAAAIA2,20.0,Pipeline,2026-01-10T08:00:00.000Z
006Ws000001aAAAIA2,60.0,BestCase,2026-01-20T08:00:00.000Z
006Ws000001aAAAIA2,100.0,Closed,2026-02-01T08:00:00.000Z
"""
    for _ in range(2):
        bring_in("salesforce", past)
    made = [(row.probability, row.made_at.day) for row in stored(Forecast) if row.owner == "005Ws1"]
    assert sorted(made) == [(0.2, 10), (0.6, 20)]


def test_an_export_that_lacks_a_column_says_which(bring_in):
    """By both of its names."""
    with pytest.raises(UnreadableFile, match="'IsClosed' or 'Closed'"):
        bring_in("salesforce", "Id,IsWon,CloseDate\n1,true,2026-01-01\n")


def test_a_preset_comes_by_rest_and_by_command(bids_api, winnow, tmp_path):
    """The same file, either way; an unknown preset is a sentence."""
    path = tmp_path / "deals.csv"
    path.write_text(PIPEDRIVE, "utf-8")
    sent = {"files": {"file": ("deals.csv", PIPEDRIVE)}, "data": {"preset": "pipedrive"}}
    assert bids_api.post("/v1/imports", **sent).status_code == 202
    assert winnow("import", path, "--preset", "pipedrive").out.startswith("4 rows: 4 created")
    assert bids_api.post("/v1/imports", **sent | {"data": {"preset": "siebel"}}).status_code == 422


def test_a_page_shows_which_rows_of_a_preset_cannot_be_taken(bids_api, sign_in_as):
    """With its line and the reason, before anything is stored."""
    manager = sign_in_as("manager")
    path, sent = form_with(manager.look("/import"), "Look at it")
    month_first = SALESFORCE.replace("2026-02-01", "03/04/2026")
    shown = manager.client.post(path, data=sent | {"preset": "salesforce"}, files={"file": ("sf.csv", month_first)})
    assert shown.status_code == 200
    assert "line 2" in says(shown)
    assert "03/04/2026" in says(shown)
