"""Recompute, teach and re-run An et al., Nature Communications 11, 5928 (2020).

Data flow one way: ``cohort``, ``published`` → ``exact``, ``response``, ``survival``, ``cox``,
``safety``, ``baseline`` → ``replication`` → ``reconstruct`` → ``figures`` → ``chapter``,
``panels`` → ``publish`` → ``cli``.  A module imports only from what stands left of it.
"""

__version__ = "0.1.0"
