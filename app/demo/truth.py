"""What the simulated customers are really like: known to the tests, never to the service.

Each characteristic has its options in the order of the latent scale (see ``simulator``), the share of prospects
that holds each, and how many log-odds of winning each is worth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from statistics import NormalDist
from typing import Any, Literal

Answer = bool | int | str


@dataclass(frozen=True)
class Characteristic:
    options: tuple[Answer, ...]
    shares: tuple[float, ...]
    log_odds: tuple[float, ...]
    loading: float  # correlation with how real the customer's project is
    learnt_at: float  # mean share of the way to the decision after which a rep can see it

    def option(self, normal: float) -> Answer:
        """The option that holds the standard normal value ``normal``, so that options come up in their shares."""
        below = NormalDist().cdf(normal)
        for option, share in zip(self.options, self.shares, strict=True):
            below -= share
            if below < 0:
                return option
        return self.options[-1]


@dataclass(frozen=True)
class WrongBelief:
    item: str
    how: Literal["no_effect", "opposite", "underrated"]


@dataclass(frozen=True)
class Truth:
    """Log-odds of winning: ``intercept`` plus one term per item, centred so that a term's mean over prospects is 0."""

    intercept: float
    log_odds: Mapping[str, Mapping[Answer, float]]
    wrong_beliefs: tuple[WrongBelief, ...]

    def probability(self, answers: Mapping[str, Answer]) -> float:
        """Probability of winning; an item left out or answered ``unknown`` counts its mean, 0."""
        terms = (self.log_odds[item].get(answer, 0.0) for item, answer in answers.items())
        return 1 / (1 + exp(-(self.intercept + sum(terms))))


NO_YES = (False, True)
CHARACTERISTICS: Mapping[str, Characteristic] = {
    "problem_owner": Characteristic(
        ("nobody", "purchasing", "engineering", "quality", "maintenance", "production"),
        (0.12, 0.20, 0.18, 0.12, 0.14, 0.24),
        (-0.9, -0.6, 0.0, 0.3, 0.4, 0.6),
        loading=0.35,
        learnt_at=0.12,
    ),
    "standing": Characteristic(
        ("new", "past", "current"), (0.50, 0.18, 0.32), (-0.3, 0.1, 0.6), loading=0.0, learnt_at=0.0
    ),
    "asked_for_quote": Characteristic(NO_YES, (0.45, 0.55), (0.0, 0.0), loading=0.0, learnt_at=0.05),
    "purpose_figures": Characteristic(
        ("none_said", "words", "figures"), (0.30, 0.42, 0.28), (-1.0, 0.0, 1.0), loading=0.45, learnt_at=0.25
    ),
    "people_met": Characteristic(
        (1, 2, 3, 4, 5, 6),
        (0.28, 0.26, 0.20, 0.14, 0.08, 0.04),
        (0.0, 0.5, 1.0, 1.5, 1.8, 2.1),
        loading=0.30,
        learnt_at=0.30,
    ),
    "competitors": Characteristic(NO_YES, (0.52, 0.48), (0.0, 1.0), loading=0.10, learnt_at=0.30),
    "tender": Characteristic(NO_YES, (0.76, 0.24), (0.0, -1.1), loading=-0.10, learnt_at=0.10),
    "next_step_kept": Characteristic(
        ("missed", "none_agreed", "kept"), (0.25, 0.30, 0.45), (-0.9, -0.1, 0.8), loading=0.40, learnt_at=0.35
    ),
    "budget": Characteristic(NO_YES, (0.60, 0.40), (0.0, 0.8), loading=0.35, learnt_at=0.40),
    "decider_seen": Characteristic(NO_YES, (0.55, 0.45), (0.0, 1.2), loading=0.35, learnt_at=0.45),
}

WRONG_BELIEFS = (
    WrongBelief("asked_for_quote", "no_effect"),
    WrongBelief("competitors", "opposite"),
    WrongBelief("people_met", "underrated"),
)


def centred_truth(intercept: float = -0.75) -> Truth:
    """The truth of the sample team, from ``CHARACTERISTICS``."""
    log_odds = {}
    for item, it in CHARACTERISTICS.items():
        mean = sum(share * value for share, value in zip(it.shares, it.log_odds, strict=True))
        log_odds[item] = {option: value - mean for option, value in zip(it.options, it.log_odds, strict=True)}
    return Truth(intercept, log_odds, WRONG_BELIEFS)


def check_sheet_fits(sheet: Mapping[str, Any]) -> None:
    """Refuse a check sheet that the simulated customers do not answer: other items, or other choices.

    Raises
    ------
    ValueError
        If the sheet's items or an item's possible answers differ from ``CHARACTERISTICS``.
    """
    items = {item["key"]: item for item in sheet["items"]}
    if set(items) != set(CHARACTERISTICS):
        odd = ", ".join(sorted(set(items) ^ set(CHARACTERISTICS)))
        raise ValueError(f"The sample team's check sheet and its customers differ in: {odd}.")
    for key, item in items.items():
        answers = set(CHARACTERISTICS[key].options)
        by_kind = {"yes_no": set(NO_YES), "number": answers}
        if by_kind.get(item["kind"], {choice["key"] for choice in item.get("choices", ())}) != answers:
            raise ValueError(f"The sample team's customers give other answers to {key!r} than the check sheet has.")
