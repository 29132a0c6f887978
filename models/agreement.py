"""Whether two people who looked at the same thing ticked alike, beyond what chance alone gives."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.metrics import Estimate, interval

Floats = NDArray[np.float64]


def kappa(pairs: Sequence[tuple[Hashable, Hashable]], level: float = 0.9) -> Estimate | None:
    """Agreement of two observers beyond chance, who sees first and who second being of no matter.

    Each pair counts in both orders, which makes it Scott's pi, equal to Cohen's kappa and to Fleiss' kappa of two
    observers on the pairs and their mirror images: observers change from prospect to prospect, so none has margins of
    its own. The interval is that of the jackknife, cut to [-1, 1]. None where chance alone would agree always, as when
    everybody gave the same answer, or with fewer than three pairs.

    Parameters
    ----------
    pairs : sequence of (hashable, hashable)
        The answers of the first and the second to look, a pair a prospect.

    References
    ----------
    Scott, "Reliability of content analysis", Public Opinion Quarterly 19 (1955).
    Fleiss, Davies, "Jackknifing functions of multinomial frequencies", American Journal of Epidemiology 115 (1982).

    Examples
    --------
    >>> found = kappa([("yes", "yes"), ("no", "no"), ("yes", "no"), ("no", "no")])
    >>> round(found.value, 3)
    0.467
    >>> kappa([("yes", "yes")] * 5) is None
    True
    """
    if len(pairs) < 3:
        return None
    numbers: dict[Hashable, int] = {}
    codes = np.array([[numbers.setdefault(answer, len(numbers)) for answer in pair] for pair in pairs])
    alike = (codes[:, 0] == codes[:, 1]).astype(float)
    counts = np.bincount(codes.ravel(), minlength=len(numbers)).astype(float)
    value = _kappa(alike.sum(), counts[None, :], float(len(pairs)))[0]
    if np.isnan(value):
        return None
    without = counts - np.eye(len(numbers))[codes[:, 0]] - np.eye(len(numbers))[codes[:, 1]]
    left_out = _kappa(alike.sum() - alike, without, len(pairs) - 1.0)
    pseudo = (len(pairs) - 1) * (value - np.nan_to_num(left_out, nan=value))
    found = interval(float(value), pseudo - pseudo.mean(), np.arange(len(pairs)), level)
    return Estimate(found.value, max(found.low, -1.0), min(found.high, 1.0))


def _kappa(alike: Floats | float, counts: Floats, pairs: float) -> Floats:
    """Kappa for each row of counts, shape (n_rows,); NaN where chance agrees always."""
    observed = np.asarray(alike) / pairs
    chance = np.sum((counts / (2 * pairs)) ** 2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(chance < 1 - 1e-12, (observed - chance) / (1 - chance), np.nan), dtype=float)
