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
# # Which factors count on their own?
#
# Factors come together: a patient with extramedullary disease may also have high Tregs. A
# multivariable model asks what each adds once the others are known. The paper calls EMD and higher
# Tregs independent risk factors "respectively for poor OS and RFS".
#
# **You will learn** to read a multivariable Cox model and its forest plot, to count events per
# coefficient, and to check the assumption that hazards stay proportional.

# %%
from operator import attrgetter
from typing import Literal

from cartanalysis.chapter import Chapter
from cartanalysis.cox import cox
from cartanalysis.figures import plot_forest
from cartanalysis.panels import diagnostics, forest_table
from cartanalysis.replication import MULTIVARIABLE

# %% tags=["parameters"]
cohort: str = "an2020"
confidence: float = 0.95
treg_cutoff: float | None = None
endpoint: Literal["os", "rfs"] = "os"

# %%
study = Chapter("independent-factors", cohort, confidence=confidence, treg_cutoff=treg_cutoff)
labels = {
    "emd_any": "any EMD vs none",
    "treg_group": "high vs low Tregs",
    "genetic_risk": "high vs standard genetic risk",
}

# %% [markdown]
# ## The models
#
# One model for each endpoint, with the same three factors. The paper's own list of covariates is
# not in hand, so this choice is assumed.

# %%
models = {
    end: study.compute(cox, study.patients, end, MULTIVARIABLE, confidence) for end in ("os", "rfs")
}
for end, model in models.items():
    terms = study.compute(attrgetter("terms"), model)
    for factor in MULTIVARIABLE:
        short = factor.split("_")[0]
        study.number(f"{short}_{end}_adjusted_hr", terms, "ratio", where={"covariate": factor})
        study.number(
            f"{short}_{end}_adjusted_p", terms, "p", where={"covariate": factor}, column="p"
        )

# %%
forest = study.compute(forest_table, models["os"], models["rfs"], labels)
study.figure(
    plot_forest,
    forest,
    name="forest",
    caption="Hazard ratios, each factor adjusted for the other two.",
    alt="Forest plot. Overall survival: any EMD {emd_os_adjusted_hr}, high Tregs "
    "{treg_os_adjusted_hr}, high genetic risk {genetic_os_adjusted_hr}. Relapse-free survival: "
    "any EMD {emd_rfs_adjusted_hr}, high Tregs {treg_rfs_adjusted_hr}, high genetic risk "
    "{genetic_rfs_adjusted_hr}.",
)
study.say(
    "Adjusted for the others, any EMD has a hazard ratio of **{emd_os_adjusted_hr}** for "
    "overall survival ({emd_os_adjusted_hr.ci}; {emd_os_adjusted_p})."
)
study.say(
    "High Tregs have a hazard ratio of **{treg_rfs_adjusted_hr}** for relapse-free survival "
    "({treg_rfs_adjusted_hr.ci}; {treg_rfs_adjusted_p})."
)

# %% [markdown]
# Overall survival and relapse-free survival are two models on different patients: the second holds
# responders only. Both are about prognosis: in a trial with a single arm nobody can see whether a
# factor changes how much the treatment *helps*.
#
# ## Likelihood-ratio tests
#
# The Wald test above looks at one coefficient; the likelihood-ratio test compares the model with
# and without a factor and is the more reliable of the two in small samples. The endpoint is chosen
# by the parameter `endpoint`.

# %%
study.table(
    study.compute(attrgetter("tests"), models[endpoint]),
    {"covariate": "Factor", "estimate": "χ²", "df": "df", "p": "p"},
    caption=f"Likelihood-ratio tests ({endpoint.upper()}), each factor given the others",
    unit="ratio",
    words=labels | {"all": "all factors", "global": "all factors"},
)

# %% [markdown]
# ## In the paper
#
# Two directions in the multivariable model: EMD for overall survival, Tregs for relapse-free
# survival (the sentence read literally). No numbers are printed in the abstract.

# %%
study.paper(
    "emd_independent",
    "treg_independent",
    shown={"emd_independent": "emd_os_adjusted_hr", "treg_independent": "treg_rfs_adjusted_hr"},
)

# %% [markdown]
# ## How sure can we be?
#
# Fewer than about ten events per coefficient make estimates unstable and intervals unreliable
# {cite:p}`Peduzzi1995`. A small p in the table below says that a hazard ratio changes with time, so
# that one number for all times is a poor summary {cite:p}`Grambsch1994`.

# %%
for end, model in models.items():
    overview = study.compute(diagnostics, model)
    study.number(f"{end}_events_per_term", overview, "statistic", column="events_per_term")
study.say("Events per coefficient, overall survival: **{os_events_per_term}**.")
study.say("Events per coefficient, relapse-free survival: **{rfs_events_per_term}**.")
study.table(
    study.compute(attrgetter("proportional_hazards"), models[endpoint]),
    {"covariate": "Factor", "estimate": "χ²", "df": "df", "p": "p"},
    caption=f"Test of proportional hazards ({endpoint.upper()})",
    unit="ratio",
    words=labels | {"all": "all factors", "global": "all factors"},
)

# %% [markdown]
# ## Exercises
#
# 1. Compare the adjusted hazard ratio of EMD with the one in [](extramedullary-disease.ipynb). What
#    does a difference tell you, and what does it not?
# 2. Add `age_years` to the list of factors. What happens to the events per coefficient?
