"""From somebody's columns to ours: a mapping file, what it does, and a proposal for one.

``document`` reads the YAML, ``model`` says what a mapping file may hold and ``conditions`` which
rows it means.  ``apply`` carries it out, with ``column`` for what is made of one column and
``timeline`` for dates.  ``propose`` guesses a mapping from a file, column by column (``guess``), by
what ``names`` know.  ``template`` is for those who start with an empty table.
"""

from cartanalysis.intake.mapping import template
from cartanalysis.intake.mapping.apply import apply, identity, names_told, select
from cartanalysis.intake.mapping.model import Mapping, load, loads
from cartanalysis.intake.mapping.propose import Proposal, propose

__all__ = [
    "Mapping",
    "Proposal",
    "apply",
    "identity",
    "load",
    "loads",
    "names_told",
    "propose",
    "select",
    "template",
]
