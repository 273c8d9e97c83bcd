# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What did the paper claim, and what does this cohort show?
#
# Every claim of the paper that can be computed from a cohort, beside the cohort's own answer.
#
# **You will learn** to tell a claim that is contradicted from one that the data are too few to
# judge, and to read a table of verdicts without counting stars.

# %%
from cartanalysis import replication
from cartanalysis.chapter import Chapter
from cartanalysis.figures import plot_forest

# %% tags=["parameters"]
cohort: str = "an2020"
confidence: float = 0.95
treg_cutoff: float | None = None

# %%
study = Chapter("claims", cohort, confidence=confidence, treg_cutoff=treg_cutoff)
claims = replication.claims(study.patients, study.registry, confidence)

# %% [markdown]
# ## At a glance

# %%
tally = replication.tally(claims)
for verdict in replication.TALLIED:
    study.number(f"claims_{verdict}", tally, "count", where={"verdict": verdict}, column="n")
study.say(
    "The paper's claims: upheld by this cohort **{claims_upheld}**, inconclusive "
    "**{claims_inconclusive}**, opposed **{claims_opposed}**, not to be assessed "
    "**{claims_not_assessed}**."
)

# %%
directions = study.compute(replication.hazard_ratios, claims)
study.figure(
    plot_forest,
    directions,
    name="claims-forest",
    caption="The paper's directional claims as hazard ratios of this cohort; the paper claims that "
    "each lies to the right of 1.",
    alt=study.compute(replication.describe, directions),
)

# %% [markdown]
# ## Claim by claim
#
# A rate, a survival or a median *equals* the paper's if it is the same at the paper's rounding; it
# is *compatible* if the paper's value lies within this cohort's interval, and *differs* otherwise
# (the paper's own uncertainty is left out: its intervals are not in hand). A direction is
# *supported* if the effect points the same way with p < 0.05, *contradicted* if it points the other
# way with p < 0.05, and *inconclusive* otherwise. The tests are the log-rank test, the adjusted
# Wald test for the two independent factors, and Fisher's exact test for remission, with EMD other
# than CNS against all other patients. "Upheld" above counts what equals, is compatible or is
# supported; "opposed" what differs or is contradicted.

# %%
study.table(
    replication.as_text(claims),
    {
        "claim": "Claim",
        "published": "In the paper [P]",
        "shown": "This cohort",
        "p": "p",
        "verdict": "Verdict",
    },
    caption="The claims of the paper and this cohort",
)

# %% [markdown]
# ## In the paper
#
# All claims are from the abstract or the opening of the results. Two statements cannot be computed
# from a cohort: that the trial met its pre-specified endpoints (their thresholds are not in hand),
# and which product was used.
#
# ## How sure can we be?
#
# On the default cohort all claims hold *because it was built that way*: it shows that the published
# numbers can be true together, and nothing else. On a cohort of your own the verdicts describe that
# cohort; another population, treatment or definition may differ for other reasons. "Not
# significant" is not "no effect": look at the interval. The p-values are not adjusted for the
# number of claims.
#
# ## Exercises
#
# 1. Which claim rests on the fewest patients? Find its interval and say in a sentence what it
#    allows.
# 2. Run the book on `cartanalysis example leukemia`. Which claims can be assessed, and why not the
#    others?
