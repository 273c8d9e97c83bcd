"""From somebody's columns to ours: a mapping file, what it does, and a proposal for one.

``yamltext`` reads the file safely, ``model`` says what it may hold, ``apply`` carries it out with
the help of ``numbers`` and ``dates``.  ``propose`` guesses a mapping from a file by what ``names``
and ``words`` know.  ``template`` is for those who start with an empty table.
"""

from cartanalysis.mapping import template
from cartanalysis.mapping.apply import apply
from cartanalysis.mapping.model import Mapping, load, loads
from cartanalysis.mapping.propose import Proposal, propose

__all__ = ["Mapping", "Proposal", "apply", "load", "loads", "propose", "template"]
