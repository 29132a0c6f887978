"""Selling apart from prospects, as callers get it."""

from pydantic import BaseModel, Field

from app.fields import Moment
from app.reports.frame import Interval, ReportBody


class Owner(BaseModel):
    """One owner's wins against those the quality of the prospects predicts; by name, never ranked."""

    owner: str | None = Field(description="Null: all with fewer deals than the minimum, together.")
    deals: int
    won: int
    expected: float = Field(description="Wins the scores add up to, moved alike for all so that the team's add up.")
    difference: Interval = Field(description="Wins less expected, by the deal; the interval is that of chance.")
    shrunk: float = Field(description="The same, drawn toward 0 by as much as chance makes such figures differ.")
    limit: float = Field(description="How far from 0 chance alone leads, all owners looked at together.")
    outside: bool = Field(description="Whether chance alone does not explain it.")


class Lead(BaseModel):
    """A deal worth telling the others about: won against the odds."""

    prospect: str
    name: str | None
    decided_at: Moment
    score: int


class PeopleBody(ReportBody):
    """Wins beyond what the prospects' quality predicts, to find what is worth learning."""

    deals: int = Field(description="Closed deals with a score from before the outcome, and an owner.")
    won: int
    minimum: int = Field(description="Deals of an owner from which on the figures are named.")
    needed: int = Field(description="How many more deals until two owners have as many; 0: they have.")
    owners: list[Owner] = Field(description="A rep gets its own only, held against the whole team's.")
    beyond_chance: int = Field(description="Owners whose wins chance does not explain.")
    leads: list[Lead] = Field(description="At most 10, the least expected first; of whom is not said.")
