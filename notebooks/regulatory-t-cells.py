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
# # Do regulatory T cells matter, and who says what "high" is?
#
# Regulatory T cells (Tregs) restrain other T cells. The paper reports shorter survival with higher
# Tregs. Its assay and its cut-off are not in hand, so this chapter is also about cut-offs.
#
# **You will learn** what cutting a measurement in two does, how the answer depends on where the cut
# is made, and why the best-looking cut-off must not be reported as if it had been the only one.

# %%
from operator import attrgetter
from typing import Literal

from cartanalysis import baseline, cox
from cartanalysis.chapter import Chapter
from cartanalysis.cohort import treg_cutoff_of
from cartanalysis.figures import plot_cutoffs, plot_distribution
from cartanalysis.panels import claim

# %% tags=["parameters"]
cohort: str = "an2020"
confidence: float = 0.95
treg_cutoff: float | None = None
endpoint: Literal["os", "rfs"] = "os"
time_unit: Literal["days", "months", "years"] = "days"

# %%
study = Chapter(
    "regulatory-t-cells",
    cohort,
    confidence=confidence,
    time_unit=time_unit,
    treg_cutoff=treg_cutoff,
)
patients = study.patients
cutoff = study.compute(treg_cutoff_of, patients, treg_cutoff)

# %% [markdown]
# ## The measurement
#
# Without a `treg_cutoff` the cohort's median divides the patients in half; "high" is above it.

# %%
study.number("treg_cutoff", cutoff, "percent of CD4")
study.say("The cut-off used here is **{treg_cutoff}**.")
study.figure(
    plot_distribution,
    study.compute(baseline.histogram, patients, "treg_pct", study.value("treg_cutoff")),
    name="treg-distribution",
    caption="Regulatory T cells before infusion.",
    alt="Histogram of regulatory T cells; the cut-off is {treg_cutoff}.",
    cutoff=study.value("treg_cutoff"),
    xlabel="regulatory T cells (% of CD4⁺ T cells)",
)

# %% [markdown]
# ## Survival above and below the cut-off

# %%
groups = {"low": "low Tregs", "high": "high Tregs"}
claim(study, "treg_os", groups, "Overall survival by regulatory T cells.")

# %%
claim(study, "treg_rfs", groups, "Relapse-free survival by regulatory T cells.")

# %% [markdown]
# ## Other cut-offs
#
# The same patients, cut at seven places. The endpoint is chosen by the parameter `endpoint`; the
# grey bar marks the cut-off used above.

# %%
scan = study.compute(cox.scan_cutoffs, patients, endpoint, "treg_pct", confidence)
study.figure(
    plot_cutoffs,
    scan,
    name="treg-cutoffs",
    caption="Hazard ratio of high against low regulatory T cells over cut-offs; p-values are not "
    "corrected for the seven looks.",
    alt=study.compute(cox.describe_scan, scan),
    chosen=study.value("treg_cutoff"),
)

# %% [markdown]
# A measurement need not be cut at all. Used as it is, it needs no cut-off and loses no information,
# at the price of assuming that each percentage point adds the same to the logarithm of the hazard.

# %%
whole = study.compute(cox.cox, patients, endpoint, ["treg_pct"], confidence)
study.number("treg_per_unit_hr", study.compute(attrgetter("terms"), whole), "ratio")
study.say(
    f"Hazard ratio per percentage point, {endpoint.upper()}: "
    "**{treg_per_unit_hr}** ({treg_per_unit_hr.ci})."
)

# %% [markdown]
# ## In the paper
#
# Two directions. No hazard ratio, interval or cut-off is printed in the abstract.

# %%
study.paper("treg_os", "treg_rfs", shown={"treg_os": "treg_os_hr", "treg_rfs": "treg_rfs_hr"})

# %% [markdown]
# ## How sure can we be?
#
# Searching for the cut-off with the smallest p-value makes a difference appear in about four of ten
# data sets that have none {cite:p}`Altman1994`. A cut-off should be fixed before the data are seen,
# or the measurement be used uncut.
#
# ## Exercises
#
# 1. Choose the cut-off that looks best in the picture. What would a reader need to know to judge
#    it?
# 2. Run the chapter with `treg_cutoff` at 3 and at 10. Which claim of the paper survives?
