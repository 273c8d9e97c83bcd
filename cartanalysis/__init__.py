"""Recompute, teach and re-run An et al., Nature Communications 11, 5928 (2020).

Data flow one way.  Coming in: ``source`` → ``reading`` → ``mapping`` → ``rules``, ``intake``,
``privacy`` → ``admission``.  Going out: ``cohort``, ``published`` → ``exact``, ``response``,
``survival``, ``safety``, ``baseline`` → ``consistency``, ``power``, ``permutation`` → ``cox`` →
``verdicts`` → ``replication`` → ``reconstruct``, ``calibration``, ``meta`` → ``disclosure`` →
``figures`` → ``handover`` → ``parameters``, ``chapter``, ``panels``, ``several`` → ``publish`` →
``cli``.  A module imports only from what stands left of it.
"""

__version__ = "0.1.0"
