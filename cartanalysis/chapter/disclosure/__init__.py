"""Disclosure control: what a published page may tell of a user's few patients, and what it may not.

`vault` keeps the rows, away from the notebooks; `rules` says how the result of each function is
protected; `cells` decides which groups' counts may stand side by side; `times` tells times by the
month.
"""

DEFAULT_MIN_CELL = 5
"""Smallest count shown of a user's patients.

The Canadian Institute for Health Information and the Australian Institute of Health and Welfare
publish no count from 1 to 4.  Stricter rules exist for data that anybody may download: OpenSAFELY
redacts counts up to 7, the US Centers for Medicare & Medicaid Services do not allow 1 to 10, and
EMA policy 0070 asks for a risk of at most 0.09.  1 switches disclosure control off, for a site that
stays in the house.
"""

CONFIDENCES = (0.8, 0.9, 0.95, 0.99)
"""Coverages of intervals on a protected cohort: many sites with ever other ones would tell the
numbers behind an interval."""
