"""From somebody's columns to ours: a mapping file, what it does, and a proposal for one.

``document`` reads the YAML, ``model`` says what a mapping file may hold and ``conditions`` which
rows it means.  ``apply`` carries it out, with ``column`` for what is made of one column and
``timeline`` for dates.  ``proposal`` guesses a mapping from a file, column by column (``guess``),
by what ``names`` know.  ``template`` is for those who start with an empty table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cartanalysis.intake.mapping import template
from cartanalysis.intake.mapping.apply import apply, identity, names_told, select
from cartanalysis.intake.mapping.model import Mapping, load, loads
from cartanalysis.intake.source import Source

if TYPE_CHECKING:
    from cartanalysis.intake.mapping.proposal import Proposal

__all__ = [
    "Mapping",
    "apply",
    "identity",
    "load",
    "loads",
    "names_told",
    "propose",
    "select",
    "template",
]


def propose(source: Source) -> Proposal:
    """Guess which of a file's columns is which of ours; what is not sure carries a question."""
    from cartanalysis.intake.mapping import proposal  # whoever checks a cohort guesses nothing

    return proposal.propose(source)
