"""What can go wrong with a scorecard, in sentences a manager can act on.

ModelError
├── NoCardYet
│   ├── NoBeliefs
│   ├── TooFewOutcomes
│   └── OneClassOnly
├── UnknownItem
└── UnknownAnswer
"""

from __future__ import annotations


class ModelError(Exception):
    """Base of everything this package raises on purpose."""


class NoCardYet(ModelError):
    """Neither outcomes nor beliefs allow a card."""


class NoBeliefs(NoCardYet):
    """No item carries both a direction and an importance."""

    def __init__(self) -> None:
        super().__init__(
            "No card yet: no characteristic has both an expected direction and an importance above 0, "
            "and there are no outcomes to learn from."
        )


class TooFewOutcomes(NoCardYet):
    """Fewer outcomes than the work asked for needs."""

    def __init__(self, known: int, needed: int) -> None:
        super().__init__(f"Not enough yet: {known} outcomes are known, {needed} are needed.")
        self.known = known
        self.needed = needed


class OneClassOnly(NoCardYet):
    """Only won, or only lost, prospects."""

    def __init__(self, won: int, lost: int) -> None:
        super().__init__(f"No card yet: {won} won and {lost} lost are known; at least one of each is needed.")
        self.won = won
        self.lost = lost


class UnknownItem(ModelError):
    """An item that the table or card does not have."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no characteristic {key!r} here.")
        self.key = key


class UnknownAnswer(ModelError):
    """A value that cannot be an answer to its item."""

    def __init__(self, key: str, value: object) -> None:
        super().__init__(f"{value!r} is no answer to the characteristic {key!r}.")
        self.key = key
        self.value = value
