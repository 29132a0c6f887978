"""How many lines a card has: twelve at most, and more only where twelve clearly cannot say what the answers tell.

A person adds twelve lines up on paper. Forty answers that each tell a little, or a table of measurements, cannot be
said in twelve; there a longer card is worth the adding. That is decided by prospects whom neither the choice of lines
nor their fit has seen, for a choice among many columns flatters itself on those it saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.coding import Coding
from models.fitting import Fit, newton
from models.rows import LINES, Rows, design_of, imagined_design, prior_of
from models.selection import Path, choose
from models.shrinkage import alike_rows, left_out_loss

Floats = NDArray[np.float64]
MOST_LINES = 40  # where twelve are clearly too few
CLEARLY = 0.005  # log loss per prospect that the lines beyond twelve must gain, for certain
PRICED = 3_000  # rows that tell the price of each length well enough


@dataclass(frozen=True)
class Candidates:
    """The items that may earn a line, and the fit on all of them.

    Attributes
    ----------
    full : Fit
    codings : sequence of Coding, one a block of the fit
    places : sequence of int
        Columns of the rows that they code.
    rows : Rows
    base : tuple of float
        Mean and precision of the intercept's prior, in log-odds.
    seed : int
    """

    full: Fit
    codings: Sequence[Coding]
    places: Sequence[int]
    rows: Rows
    base: tuple[float, float]
    seed: int

    def path(self, most: int | None) -> Path:
        """Return the lines in the order chosen, at most `most`; without it, as many as are clearly worth it."""
        if most is not None:
            return path_of(self.full, self.codings, self.seed, most)
        path = path_of(self.full, self.codings, self.seed, LINES)
        unsaid = path.unsaid() if len(self.rows.won) else 0.0
        if unsaid <= CLEARLY * self.rows.say.sum() or not self._longer_is_better():
            return path
        return path_of(self.full, self.codings, self.seed, MOST_LINES)

    def prices(self, order: Sequence[int]) -> tuple[float, ...]:
        """Log loss of prospects left out, for a card of no line, one line, two lines and so on in the order chosen.

        The order is not chosen anew for each prospect left out, so a short card may look a little better than it is.
        """
        part = replace(self.rows.thinned(PRICED), period=None)
        if not len(part.won):
            return ()
        alike = alike_rows(design_of(self.codings, part, self.places).codes, part.won)
        found = []
        for length in range(len(order) + 1):
            fit, lines = self._fit(order[:length], part)
            design = design_of(lines.codings, part, lines.places)
            found.append(left_out_loss(design, part.won, part.weight, fit, alike) / float(part.weight.sum()))
        return tuple(found)

    def _longer_is_better(self) -> bool:
        """Whether more lines tell prospects better that neither fit nor choice saw: half of them choose, half judge."""
        rows = replace(self.rows, period=None)
        alike = alike_rows(design_of(self.codings, rows, self.places).codes, rows.won)
        first = np.random.default_rng(self.seed).permutation(alike.max() + 1)[alike] % 2 == 0
        gains = np.zeros(len(rows.won))
        for choosing in (first, ~first):
            part, judging = rows.take(np.flatnonzero(choosing)), rows.take(np.flatnonzero(~choosing))
            fit, _ = self._fit(range(len(self.codings)), part)
            blocks = path_of(fit, self.codings, self.seed, MOST_LINES).blocks
            gains[~choosing] = self._losses(blocks[:LINES], part, judging) - self._losses(blocks, part, judging)
        gain = float(np.average(gains, weights=rows.weight))
        doubt = float(np.sqrt(np.sum((rows.weight * (gains - gain)) ** 2)) / rows.weight.sum())
        return gain - NormalDist().inv_cdf(0.95) * doubt > CLEARLY

    def _losses(self, blocks: Sequence[int], part: Rows, judging: Rows) -> Floats:
        """Log loss of some rows by lines fitted on others, shape (n_rows,)."""
        fit, lines = self._fit(blocks, part)
        log_odds = fit.log_odds(design_of(lines.codings, judging, lines.places))
        return np.asarray(np.logaddexp(0.0, log_odds) - judging.won * log_odds)

    def _fit(self, blocks: Sequence[int], rows: Rows) -> tuple[Fit, Candidates]:
        """Fit some of the items, with the prior variances they have in the fit of all."""
        lines = replace(
            self, codings=[self.codings[block] for block in blocks], places=[self.places[block] for block in blocks]
        )
        prior = prior_of(lines.codings, self.full.prior.variance[list(blocks)], self.base, 0)
        return newton(design_of(lines.codings, rows, lines.places), rows.won, rows.say, prior), lines


def path_of(fit: Fit, codings: Sequence[Coding], seed: int, most: int) -> Path:
    """Choose at most that many lines, close to a fit on all items, with the sheets beliefs imagine beside the rows."""
    imagined, each = imagined_design(codings, seed)
    inside = 1 + imagined.size
    p = expit(fit.weights[0] + imagined.times(fit.weights[1:inside]))
    gram = fit.gram.copy()
    gram[:inside, :inside] += imagined.gram(each * p * (1 - p))
    precision = fit.prior.precision()
    block_of = {coding.item.key: block for block, coding in enumerate(codings)}
    needs = {block: tuple(block_of[key] for key in coding.items) for block, coding in enumerate(codings) if coding.pair}
    return choose(gram, precision, fit.weights, imagined.starts, most, needs)
