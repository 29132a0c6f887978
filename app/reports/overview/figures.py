"""What the overview shows besides its sentences: the same as a table."""

from app.reports.frame import Column, Figure, Report, Table
from app.reports.overview.queries import read
from app.reports.overview.schemas import OverviewBody


def _findings(body: OverviewBody) -> Table:
    columns = [
        Column("title", "About", number=False),
        Column("state", "State", lambda state: state.replace("_", " "), number=False),
        Column("needed", "More needed"),
        Column("sentences", "What was found", number=False),
    ]
    rows = [(one.title, one.state, one.needed, " ".join(one.sentences)) for one in body.findings]
    return Table(columns, rows)


REPORT = Report(
    name="overview",
    page="overview",
    title="Overview",
    lead="What the reports found, in plain sentences; each leads to its report and each figure to its rows.",
    body=OverviewBody,
    make=read,
    figures=(Figure("findings", "What the reports found", _findings),),
)
