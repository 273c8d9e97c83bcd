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
# # How many patients reach remission?
#
# Remission, complete with or without recovery of blood counts (CR or CRi), was the primary outcome.
#
# **You will learn** to read a proportion with its exact interval, to say what a single-arm rate can
# and cannot show, and why responders may only be compared with others from a landmark.

# %%
from typing import Literal

from cartanalysis import response, survival
from cartanalysis.chapter import Chapter
from cartanalysis.figures import plot_rates
from cartanalysis.panels import curves

# %% tags=["parameters"]
cohort: str = "an2020"
confidence: float = 0.95
landmark_day: int = 28
time_unit: Literal["days", "months", "years"] = "days"

# %%
study = Chapter("remission", cohort, confidence=confidence, time_unit=time_unit)
patients = study.patients

# %% [markdown]
# ## The remission rate

# %%
rate = study.compute(response.remission, patients, confidence=confidence)
study.number("orr", rate, "fraction", rests_on=["responders", "infused"])
study.say("**{orr}** of the patients reached remission ({orr.of}; {orr.ci}).")

# %% [markdown]
# The interval is the exact one of Clopper and Pearson {cite:p}`Clopper1934`: it never covers less
# than it says, which matters when the groups are small. Does the rate differ between men and women,
# or after an earlier transplant? Whether such subgroups were planned is not in hand; look at the
# width of the lines before the length of the bars.

# %%
by_sex = study.compute(response.remission, patients, "sex", confidence)
study.figure(
    plot_rates,
    by_sex,
    name="remission-by-sex",
    caption="Remission by sex, with exact intervals.",
    alt=study.compute(response.describe, by_sex),
    confidence=confidence,
)
by_hsct = study.compute(response.remission, patients, "prior_hsct", confidence)
study.table(
    by_hsct,
    {
        "group": "Earlier transplant",
        "n": "Patients",
        "events": "In remission",
        "estimate": "Rate (interval)",
    },
    caption="Remission by earlier stem-cell transplant",
)

# %% [markdown]
# ## Do responders live longer?
#
# Counted from infusion the question is unfair: to be called a responder, a patient must live until
# the response is assessed, and that waiting time would count in favour of the responders
# (*immortal-time bias*). The comparison starts at a landmark, the day given by the parameter
# `landmark_day`, with everybody still under observation then {cite:p}`Anderson1983`.

# %%
after = study.compute(survival.landmark, patients, "os", landmark_day)
test = study.compute(survival.log_rank, after, "os", "responder")
study.number("landmark_p", test, "p", column="p")
curves(
    study,
    "os",
    by="responder",
    patients=after,
    name="landmark",
    origin="the landmark",
    labels={"no": "no remission", "yes": "remission"},
    caption="Overall survival from the landmark, by response.",
)
study.say(f"Log-rank test from the landmark, day {landmark_day}: {{landmark_p}}.")

# %% [markdown]
# ## In the paper

# %%
study.paper("orr")

# %% [markdown]
# ## How sure can we be?
#
# The interval covers chance error only: not who was selected for infusion, nor a response judged
# wrongly. The rate is *not* a comparison: the CAR T trial had no control group, its pre-specified
# threshold is not in hand, and patients who were enrolled but not infused are not in the
# denominator. The landmark comparison takes the *best* response, whenever it came; a response after
# the landmark would bring some immortal time back.
#
# ## Exercises
#
# 1. Compute the rate with all enrolled patients in the denominator (*intention to treat*). By how
#    much does it fall?
# 2. Set `landmark_day` to 0 and to 90. How do the curves and the p-value change, and which patients
#    drop out?
