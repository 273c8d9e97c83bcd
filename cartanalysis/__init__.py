"""Recompute, teach and re-run An et al., Nature Communications 11, 5928 (2020).

Data flow one way: ``cohort`` → ``response``, ``survival``, ``cox``, ``safety`` →
``replication`` → ``figures`` → ``chapter`` → ``publish``.  A module imports only from what
stands left of it.
"""

__version__ = "0.1.0"
