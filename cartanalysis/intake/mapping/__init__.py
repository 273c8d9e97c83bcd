"""From somebody's columns to ours: a mapping file, what it does, and a proposal for one.

``yamltext`` reads the file safely, ``model`` says what it may hold, ``apply`` carries it out with
the help of ``numbers`` and ``dates``.  ``propose`` guesses a mapping from a file by what ``names``
and ``words`` know.  ``template`` is for those who start with an empty table.
"""

from cartanalysis.intake.mapping import template
from cartanalysis.intake.mapping.apply import apply
from cartanalysis.intake.mapping.model import Mapping, load, loads
from cartanalysis.intake.mapping.propose import Proposal, propose

__all__ = ["Mapping", "Proposal", "apply", "load", "loads", "propose", "template"]
