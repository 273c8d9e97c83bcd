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
# # How long do patients live, and how long without relapse?
#
# Two clocks: *overall survival* runs from infusion to death; *relapse-free survival* runs from
# remission, in responders only, to relapse or death.
#
# **You will learn** to read a Kaplan–Meier curve with its interval and its numbers at risk, to tell
# a median from a 1-year survival, and to ask how long patients were followed.

# %%
from typing import Literal

from cartanalysis import survival
from cartanalysis.chapter import Chapter
from cartanalysis.panels import by_arm, curves
from cartanalysis.replication import ONE_YEAR, published_points

# %% tags=["parameters"]
cohort: str = "an2020"
confidence: float = 0.95
time_unit: Literal["days", "months", "years"] = "days"

# %%
study = Chapter("survival", cohort, confidence=confidence, time_unit=time_unit)
patients = study.patients

# %% [markdown]
# ## Overall survival
#
# Each step down is a death; each small vertical mark is a patient last seen alive (*censored*). The
# shaded band is the pointwise interval, computed on the log-log scale. Diamonds, where shown, are
# the values printed in the paper.

# %%
for endpoint in ("os", "rfs"):
    at_one_year = study.compute(
        survival.survival_at, patients, endpoint, [ONE_YEAR], confidence=confidence
    )
    study.number(f"{endpoint}_1y", at_one_year, "fraction")
    median = study.compute(survival.median, patients, endpoint, confidence=confidence)
    study.number(f"{endpoint}_median", median, "days")
    follow_up = study.compute(survival.follow_up, patients, endpoint, confidence=confidence)
    study.number(f"{endpoint}_follow_up", follow_up, "days")

# %%
curves(
    study,
    "os",
    name="os",
    caption="Overall survival since infusion.",
    marks=published_points(study.registry, "os"),
)
study.say("At 1 year **{os_1y}** of the patients were alive ({os_1y.ci}).")
study.say("The median overall survival was **{os_median}** ({os_median.ci}).")

# %% [markdown]
# ## Relapse-free survival

# %%
curves(
    study,
    "rfs",
    name="rfs",
    caption="Relapse-free survival since remission.",
    marks=published_points(study.registry, "rfs"),
)
study.say("At 1 year **{rfs_1y}** of the responders were alive without relapse ({rfs_1y.ci}).")
study.say("The median relapse-free survival was **{rfs_median}** ({rfs_median.ci}).")

# %% [markdown]
# ## By treatment
#
# A cohort with a column `arm` (treatment or product) is compared by it. The study had a single arm.

# %%
for endpoint in ("rfs", "os"):
    by_arm(study, endpoint)

# %% [markdown]
# ## In the paper

# %%
study.paper("os_1y", "os_median", "rfs_1y", "rfs_median")

# %% [markdown]
# ## How sure can we be?
#
# A curve is only as long as the follow-up. Its right end rests on few patients: look at the numbers
# at risk before you read it. The median follow-up below is the reverse Kaplan–Meier estimate
# {cite:p}`Schemper1996`, in which being censored is the event.

# %%
study.say("Median follow-up: {os_follow_up} for overall survival.")
study.say("Median follow-up: {rfs_follow_up} for relapse-free survival.")

# %% [markdown]
# Where a curve stays above one half, the median is *not reached*: that is a result, not a gap.
# Comparing the two curves with each other would be wrong: they start at different times and hold
# different patients.
#
# ## Exercises
#
# 1. Read the survival at 180 days off the first curve, then compute it with
#    `survival.survival_at(patients, "os", [180])`. How many patients were at risk?
# 2. Change the last censored patient into a death. Which of the four published values moves?
# 3. Set `confidence` to 0.8. Which numbers change, and which do not?
