"""The paper's registry: what is published, what follows from it, what is assumed."""

from __future__ import annotations

from functools import cache
from importlib import resources

from cartanalysis.claims.registry import Registry, parse
from cartanalysis.study.derivations import DERIVATIONS

FOLDER = resources.files("cartanalysis.study")
DATA = FOLDER / "data"
"""Tables that ship with the package."""


@cache
def load() -> Registry:
    """Read the registry that ships with the package.

    Returns
    -------
    Registry
        All values, the derived ones recomputed.
    """
    text = (FOLDER / "published.yml").read_text(encoding="utf-8")
    return parse(text, DERIVATIONS)
