"""Rivals of the scorecard on a table of answers, as others use them; needs pandas, and interpret-core for EBM."""

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

Rival = Callable[[pd.DataFrame, np.ndarray, pd.DataFrame], np.ndarray]
FEW_NUMBERS = 12
MOST_CATEGORIES = 250


class Levels:
    """Numbers in five bins, rare answers in one level; learnt on the training part only."""

    def fit(self, table: pd.DataFrame) -> "Levels":
        """Learn bins and frequent answers."""
        self.bins: dict[str, np.ndarray] = {}
        self.kept: dict[str, set[str]] = {}
        least = min(10, max(2, len(table) * 0.002))
        for name in table:
            column = table[name]
            if column.dtype.kind in "fi" and column.nunique() > FEW_NUMBERS:
                self.bins[name] = np.unique(np.nanquantile(column.astype(float), [0.2, 0.4, 0.6, 0.8]))
            else:
                counts = _texts(column).value_counts()
                self.kept[name] = set(counts[counts >= least].index)
        return self

    def transform(self, table: pd.DataFrame) -> pd.DataFrame:
        """Texts of the levels."""
        out: dict[str, Any] = {}
        for name in table:
            if name in self.bins:
                values = pd.to_numeric(table[name], errors="coerce").astype(float)
                out[name] = np.where(values.isna(), "?", np.searchsorted(self.bins[name], values).astype(str))
            else:
                texts = _texts(table[name])
                out[name] = texts.where(texts.isin(self.kept[name]), "~rare").values
        return pd.DataFrame(out)


def _texts(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "?").astype(str)


def base_rate(_: pd.DataFrame, won: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    """Close ratio of the training part."""
    return np.full(len(test), won.mean())


def odoo_naive_bayes(train: pd.DataFrame, won: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    """Counts of won and lost for each value plus 0.1, multiplied as Odoo's predictive lead scoring does."""
    n_won, n_lost = won.sum() + 0.1, (1 - won).sum() + 0.1
    for_won = np.full(len(test), np.log(n_won / (n_won + n_lost)))
    for_lost = np.full(len(test), np.log(n_lost / (n_won + n_lost)))
    for name in train:
        values = pd.Index(train[name].unique())
        for total, chosen in ((for_won, won == 1), (for_lost, won == 0)):
            counts = train[name][chosen].value_counts().reindex(values).fillna(0) + 0.1
            total += test[name].map(np.log(counts / counts.sum())).fillna(0).astype(float).values
    return 1 / (1 + np.exp(np.clip(for_lost - for_won, -50, 50)))


def one_hot(make: Callable[[], Any]) -> Rival:
    """Make a rival of an estimator on one-hot levels."""

    def fit(train: pd.DataFrame, won: np.ndarray, test: pd.DataFrame) -> np.ndarray:
        encoder = OneHotEncoder(handle_unknown="ignore").fit(train)
        return make().fit(encoder.transform(train), won).predict_proba(encoder.transform(test))[:, 1]

    return fit


def boosting(train: pd.DataFrame, won: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    """Gradient boosting of shallow trees on the levels as categories."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan).fit(train)
    few = [place for place, levels in enumerate(encoder.categories_) if len(levels) <= MOST_CATEGORIES]
    model = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.06, max_leaf_nodes=8, categorical_features=few, random_state=0
    )
    return model.fit(encoder.transform(train), won).predict_proba(encoder.transform(test))[:, 1]


def explainable_boosting(train: pd.DataFrame, won: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    """Explainable boosting machine without interactions."""
    from interpret.glassbox import ExplainableBoostingClassifier

    model = ExplainableBoostingClassifier(interactions=0, outer_bags=8, n_jobs=2)
    return model.fit(train, won).predict_proba(test)[:, 1]


def rivals() -> dict[str, Rival]:
    """Every rival that can be run here, by name."""
    found: dict[str, Rival] = {
        "base rate": base_rate,
        "naive Bayes as Odoo": odoo_naive_bayes,
        "ridge C=0.1": one_hot(lambda: LogisticRegression(C=0.1, max_iter=3000)),
        "ridge C=0.3": one_hot(lambda: LogisticRegression(C=0.3, max_iter=3000)),
        "random forest": one_hot(lambda: RandomForestClassifier(300, min_samples_leaf=3, random_state=0, n_jobs=2)),
        "boosting": boosting,
    }
    if importlib.util.find_spec("interpret"):
        found["EBM"] = explainable_boosting
    return found


def folds(
    table: pd.DataFrame, won: np.ndarray, order: np.ndarray | None, repeats: int | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Training and test rows: forward in time where there is an order, else grouped by identical rows."""
    if order is None:
        group = alike(table)
        for seed in range(repeats or (10 if len(table) < 2000 else 3)):
            yield from StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(table, won, group)
        return
    blocks = np.array_split(order, 10)
    for place in range(5, 10):
        yield np.concatenate(blocks[:place]), blocks[place]


def alike(table: pd.DataFrame) -> np.ndarray:
    """Number of each row's pattern, in order of first appearance."""
    return pd.factorize(pd.util.hash_pandas_object(table.astype(str), index=False))[0]
