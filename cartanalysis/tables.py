"""Going through tidy tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd


def each_row(table: pd.DataFrame) -> Iterator[Any]:
    """Go through a table's rows; columns are attributes.

    Parameters
    ----------
    table : pandas.DataFrame
        A tidy table.

    Yields
    ------
    object
        A named tuple per row, ``Index`` first (typed Any: cells of a tidy table are of many
        types).
    """
    yield from table.itertuples()
