"""What the comparison of forecasters holds on simulated teams whose truth is known."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.bias import biases
from models.clusters import anytime_reach, running_mean
from models.comparison import Pairs, compare
from models.information import information_added

PEOPLE = 5
# What reps know of their own, and the noise with which they see what the sheet shows.
KNOWING = {"data know": (0.0, 1.0), "reps know": (1.5, 0.1), "both know": (0.8, 0.8)}
HOPES = np.array([0.0, 0.2, 0.4, 0.6, 0.8])  # log-odds by which each person is too hopeful
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Team:
    """Deals of one team, in the order in which they were decided."""

    won: NDArray[np.bool_]
    data: Floats
    reps: Floats
    account: NDArray[np.int64]
    person: NDArray[np.int64]
    truth: Floats
    times: tuple[Floats, Floats]

    @property
    def pairs(self) -> Pairs:
        """As the comparison takes them."""
        return Pairs(self.won, self.data, self.reps, self.account, self.times)


def make_team(seed: int, *, deals: int = 300, private: float = 0.0, noise: float = 0.7) -> Team:
    """Four deals an account, alike in part; the data know what the sheet shows, as well as can be.

    Reps see the same with noise, more or less hopefully, and `private` of their own; they say tenths, 0 and 1 too.
    """
    draw = np.random.default_rng(seed)
    account = draw.integers(0, max(deals // 4, 2), deals)
    shared = draw.normal(0, 0.7, deals)[account]
    seen = shared + draw.normal(0, 0.7, deals) - 0.3
    own = draw.normal(0, private, deals)
    truth = expit(seen + own)
    person = draw.integers(0, PEOPLE, deals)
    reps = expit(1.2 * (seen + own + draw.normal(0, noise, deals)) + HOPES[person])
    # What the sheet alone allows: the logistic curve flattened by what it does not see
    data = expit(seen / np.sqrt(1 + private**2 / 2.9))
    when = np.arange(deals, dtype=float)
    lag = 10 * draw.random(deals)
    return Team(draw.random(deals) < truth, data, np.round(reps, 1), account, person, truth, (when, when - lag))


def _figures(team: Team) -> dict[str, tuple[float, float, float]]:
    found = compare(team.pairs)
    figures = {f"difference in {name}": one for name, one in found.difference.items()}
    figures |= {f"{name} of the reps": getattr(found.reps, name) for name in ("brier", "log_loss", "auc")}
    if found.reps_add and found.data_add:
        figures |= {"slope of the reps": found.reps_add.slope, "slope of the data": found.data_add.slope}
    people = biases(team.won, team.reps, team.person, team.account)
    figures |= {f"bias of person {number}": one.estimate for number, one in enumerate(people)}
    return {name: (one.value, one.low, one.high) for name, one in figures.items()}


@cache
def _truth(private: float) -> dict[str, float]:
    """The figures of a team so large that chance hardly matters."""
    return {name: value for name, (value, _, _) in _figures(make_team(10**6, deals=400_000, private=private)).items()}


def coverage(teams: int, *, deals: int = 300, private: float = 0.7) -> dict[str, float]:
    """Share of the teams whose 90 % interval holds the truth, for each figure."""
    truth = _truth(private)
    hits: dict[str, list[bool]] = {name: [] for name in truth}
    for seed in range(teams):
        for name, (_, low, high) in _figures(make_team(seed, deals=deals, private=private)).items():
            hits[name].append(low <= truth[name] <= high)
    return {name: float(np.mean(held)) for name, held in hits.items()}


def information_alarms(teams: int, *, private: float = 0.0, deals: int = 400, step: int = 5) -> float:
    """Share of the teams in which reps were ever said to add information, looking every `step` deals from 30 on."""
    return float(np.mean([_ever_added(make_team(seed, deals=deals, private=private), step) for seed in range(teams)]))


def _ever_added(team: Team, step: int) -> bool:
    for deals in range(30, len(team.won) + 1, step):
        part = (team.won[:deals], team.data[:deals], team.reps[:deals], team.account[:deals])
        found = information_added(*part)
        if found is not None and found[0].yes:
            return True
    return False


def band_alarms(teams: int, *, deals: int = 400) -> float:
    """Share of the teams in which either of two equal forecasters was ever called closer, looking at every deal.

    Each sees the same with an error of its own that its account's deals share, which makes deals depend on each other.
    """
    alarms = []
    for seed in range(teams):
        draw = np.random.default_rng(seed)
        account = draw.integers(0, deals // 4, deals)
        seen = draw.normal(size=deals)
        won = draw.random(deals) < expit(seen + draw.normal(0, 0.7, deals)[account])
        one, other = (expit(seen + draw.normal(0, 0.7, deals)[account]) for _ in range(2))
        running = running_mean((one - won) ** 2 - (other - won) ** 2, account)
        mean, error, freedom = (values[29:] for values in running)
        reach = anytime_reach(np.arange(30.0, deals + 1), freedom, 0.05)
        alarms.append(bool(np.any(np.abs(mean) > reach * error)))
    return float(np.mean(alarms))


def regrets(kind: str, teams: int, *, deals: int = 300) -> list[float]:
    """Brier of the blend less that of the better of the two, a team each."""
    private, noise = KNOWING[kind]
    found = [compare(make_team(seed, deals=deals, private=private, noise=noise).pairs) for seed in range(teams)]
    return [one.blend.skill.brier.value - min(one.data.brier.value, one.reps.brier.value) for one in found]


def bench_compare(teams: int) -> dict[str, float]:
    """Every share, and what the blend loses."""
    held = {f"90 % interval holds the truth, {name}": share for name, share in coverage(teams).items()}
    looked = {
        "reps ever said to add information, with none of their own": information_alarms(teams),
        "one of two equals ever called closer": band_alarms(teams),
        "private information found by 600 deals": information_alarms(teams, private=1.0, deals=600, step=50),
    }
    blend = {f"blend less the better, {kind}": float(np.mean(regrets(kind, teams))) for kind in KNOWING}
    return {"teams": teams} | {name: round(share, 4) for name, share in (held | looked | blend).items()}
