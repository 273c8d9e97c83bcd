"""Disclosure control: what a published page may tell of a user's few patients, and what it may not.

`vault` keeps the rows, away from the notebooks; `rules` says how the result of each function is
protected; `cells` decides which groups' counts may stand side by side; `times` tells times by the
month.
"""
