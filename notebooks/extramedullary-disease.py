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
# # Does extramedullary disease change the outlook?
#
# Leukaemia outside the marrow (*extramedullary disease*, EMD) may be confined to the central
# nervous system or lie elsewhere. The paper reports the least remission with EMD other than CNS,
# and shorter survival with any EMD.
#
# **You will learn** to compare three small groups with an exact test, to read two curves with a
# log-rank test and a hazard ratio, and to mistrust a wide interval.

# %%
from typing import Literal

from cartanalysis import response
from cartanalysis.chapter import Chapter
from cartanalysis.figures import plot_rates
from cartanalysis.panels import claim, medians_by

# %% tags=["parameters"]
cohort: str = "an2020"
confidence: float = 0.95
time_unit: Literal["days", "months", "years"] = "days"

# %%
study = Chapter("extramedullary-disease", cohort, confidence=confidence, time_unit=time_unit)
patients = study.patients
groups = {"none": "no EMD", "cns": "isolated CNS", "other": "EMD other than CNS"}

# %% [markdown]
# ## Remission by kind of EMD

# %%
rates = study.compute(response.remission, patients, "emd", confidence)
study.figure(
    plot_rates,
    rates,
    name="remission-by-emd",
    caption="Remission by extramedullary disease, with exact intervals.",
    alt=study.compute(response.describe, rates, groups),
    labels=groups,
    confidence=confidence,
)

# %%
study.number(
    "orr_emd_other",
    rates,
    "fraction",
    where={"group": "other"},
    rests_on=["orr_emd_other_n", "emd_other_n"],
)
test = study.compute(response.association, patients, "emd")
study.number("orr_emd_p", test, "p", column="p")
study.say(
    "With EMD other than CNS, **{orr_emd_other}** reached remission ({orr_emd_other.of}; "
    "{orr_emd_other.ci})."
)
study.say("Fisher's exact test over the groups: {orr_emd_p}.")

# %% [markdown]
# ## Overall survival

# %%
any_emd = {"none": "no EMD", "any": "any EMD"}
claim(study, "emd_os", any_emd, "Overall survival by extramedullary disease.")
medians_by(study, "os", "emd", "Overall survival by kind of EMD", groups)

# %% [markdown]
# ## Relapse-free survival

# %%
claim(study, "emd_rfs", any_emd, "Relapse-free survival by extramedullary disease.")
medians_by(study, "rfs", "emd", "Relapse-free survival by kind of EMD", groups)

# %% [markdown]
# ## In the paper

# %%
study.paper(
    "orr_emd_other", "emd_os", "emd_rfs", shown={"emd_os": "emd_os_hr", "emd_rfs": "emd_rfs_hr"}
)

# %% [markdown]
# The two survival claims are directions in the abstract, without numbers; "any subtype of EMD" is
# read here as any EMD against none.
#
# ## How sure can we be?
#
# {published}`emd_other_n` patients decide the remission claim: the exact interval is the honest
# answer to how little that is. On the default cohort the number with isolated CNS disease is
# assumed, so everything that separates three groups carries the letter A.
#
# ## Exercises
#
# 1. How many of the patients with EMD other than CNS would have to reach remission for the rate to
#    exceed one half? Where would its interval lie?
# 2. Merge isolated CNS disease with no EMD. Does the log-rank test still support the claim?
