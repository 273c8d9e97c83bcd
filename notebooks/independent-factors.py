# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags
#     formats: ipynb,py:percent
#     notebook_metadata_filter: kernelspec,jupytext
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
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
# **You will learn**
#
# - to read a multivariable Cox model and its forest plot;
# - to count events per coefficient;
# - to check the assumption that hazards stay proportional.

# %%
from typing import Optional

from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95
treg_cutoff: Optional[float] = None
endpoint: str = "os"  # os or rfs

# %%
study = Study(
    "independent-factors",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
    treg_cutoff=treg_cutoff,
)
labels = {
    "emd_any": "any EMD vs none",
    "treg_group": "high vs low Tregs",
    "genetic_risk": "high vs standard genetic risk",
}

# %% [markdown]
# ## The models
#
# One model for each endpoint, with the same three factors. The paper's own list of covariates is
# not available to us, so this choice is assumed.

# %%
factors = study.registry["emd_independent"].covariates
os, rfs = (
    study.hazard_ratios("os", factors),
    study.hazard_ratios("rfs", factors),
)
study.hand_over(
    emd_os_adjusted_hr=os.of("emd_any"),
    emd_os_adjusted_p=os.of("emd_any").p,
    treg_os_adjusted_hr=os.of("treg_group"),
    treg_os_adjusted_p=os.of("treg_group").p,
    genetic_os_adjusted_hr=os.of("genetic_risk"),
    genetic_os_adjusted_p=os.of("genetic_risk").p,
    emd_rfs_adjusted_hr=rfs.of("emd_any"),
    emd_rfs_adjusted_p=rfs.of("emd_any").p,
    treg_rfs_adjusted_hr=rfs.of("treg_group"),
    treg_rfs_adjusted_p=rfs.of("treg_group").p,
    genetic_rfs_adjusted_hr=rfs.of("genetic_risk"),
    genetic_rfs_adjusted_p=rfs.of("genetic_risk").p,
)

# %%
forest = study.forest(os, rfs, labels=labels)
study.show(
    forest.figure(
        "forest", "Hazard ratios, each factor adjusted for the other two."
    )
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
# and without a factor and is the more reliable of the two in small samples. The verdict on
# [the paper's claims](claims.ipynb) goes by it, so it can differ from what the interval above
# suggests. The endpoint is chosen by the parameter `endpoint`.

# %%
chosen = os if endpoint == "os" else rfs
caption = f"Likelihood-ratio tests ({endpoint.upper()}), each factor given the others"
study.show(chosen.test_table(chosen.tests, caption, labels))

# %% [markdown]
# ## In the paper
#
# Two directions in the multivariable model: EMD for overall survival, Tregs for relapse-free
# survival (the sentence read literally). No numbers are printed in the abstract.

# %%
study.paper(
    "emd_independent",
    "treg_independent",
    shown={
        "emd_independent": "emd_os_adjusted_hr",
        "treg_independent": "treg_rfs_adjusted_hr",
    },
)

# %% [markdown]
# ## How sure can we be?
#
# Fewer than about ten events per coefficient make estimates unstable and intervals unreliable
# {cite:p}`Peduzzi1995`. A small p in the table below says that a hazard ratio changes with time, so
# that one number for all times is a poor summary {cite:p}`Grambsch1994`.

# %%
study.hand_over(
    os_events_per_term=os.events_per_coefficient,
    rfs_events_per_term=rfs.events_per_coefficient,
)
study.say(
    "Events per coefficient, overall survival: **{os_events_per_term}**."
)
study.say(
    "Events per coefficient, relapse-free survival: **{rfs_events_per_term}**."
)
caption = f"Test of proportional hazards ({endpoint.upper()})"
study.show(chosen.test_table(chosen.proportional_hazards, caption, labels))
study.hand_over(
    ph_p=chosen.proportional_hazards.where(covariate="global").p
)
changing = " and ".join(f"**{name}**" for name in chosen.changing(labels))
if changing:
    study.say(
        f"p < 0.05 for {changing} "
        + "(all factors together: {ph_p}): there, one hazard ratio for "
        "all times is a poor summary."
    )
else:
    study.say(
        "No single factor has p < 0.05 (all together: {ph_p}); in a small cohort that does not "
        "show that hazard ratios are constant."
    )

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the forest plot
#
# Which of the intervals cross the line at 1? What does an interval that crosses it say, and what
# does it not say?
#
# ```{dropdown} Hint
# The axis is logarithmic: 0.5 and 2 are equally far from 1.
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# On the default cohort none does: it was built so that every factor matters. An interval that
# crosses 1 says that the data are compatible with a higher and with a lower hazard. It does not
# say that the factor has no effect: look how far the interval reaches to either side.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Compare the adjusted hazard ratio of EMD with that of a model with EMD alone. Predict whether it
# moves towards 1, then compute `study.hazard_ratios("os", ["emd_any"])`.
#
# ```{dropdown} Hint
# If EMD and high Tregs go together in this cohort, each borrows from the other as long as it is
# alone. That is one reason for a change, not the only one.
# ```

# %% tags=["solution"]
study.hand_over(
    emd_os_alone_hr=study.hazard_ratios("os", ["emd_any"]).result
)
study.say("EMD alone: **{emd_os_alone_hr}** ({emd_os_alone_hr.ci}).")
study.say("Adjusted: **{emd_os_adjusted_hr}** ({emd_os_adjusted_hr.ci}).")
study.say(
    "A change can have three reasons: the factors go together; the larger model lost patients with "
    "missing values; or hazard ratios are not collapsible, so that adding a strong factor moves "
    "them even if it goes with nothing. None of these shows that one factor works through another."
)

# %% [markdown]
# ### Exercise 3: change the model
#
# Add `age_years` to the list of factors. What happens to the events per coefficient, and to the
# intervals?
#
# ```{dropdown} Hint
# `study.hazard_ratios("os", [*factors, "age_years"])` knows its `events_per_coefficient`.
# ```

# %% tags=["solution"]
larger = study.hazard_ratios("os", [*factors, "age_years"])
study.hand_over(os_events_per_term_with_age=larger.events_per_coefficient)
study.say(
    "Events per coefficient: **{os_events_per_term}** with three factors, "
    "**{os_events_per_term_with_age}** with age. Every coefficient is paid for with precision."
)

# %% [markdown]
# ### Exercise 4: criticise a claim
#
# *"In the multivariable model Tregs kept p < 0.05 and genetic risk lost it. So genetic risk does
# not matter."* What do you answer?
#
# ```{dropdown} Hint
# How many events carry the model? What did the interval of genetic risk look like?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# A factor loses significance when the events are too few, when it shares information with another
# factor, or when it has no effect; the p-value does not say which. Look at the interval.
# "Independent" means: adds to a prediction that knows the other factors *of this model*. It does
# not mean causal.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# What does "adjusted hazard ratio" mean here?
# - [ ] The hazard ratio without chance error. :: Adjustment does not remove chance.
# - [x] The hazard ratio between patients alike in the model's other factors. :: Yes, as far as the
#   model holds.
# - [ ] The hazard ratio in a randomised trial. :: Factors that were not measured are not adjusted
#   for.
# ```
#
# ```{quiz}
# What limits the number of factors in a Cox model?
# - [ ] The number of patients. :: Patients without an event add little.
# - [x] The number of events. :: Yes: a usual rule asks for about ten per coefficient.
# - [ ] The number of censored patients. :: Rather the opposite.
# ```
#
# ```{quiz}
# The test of proportional hazards has a small p for one factor. What now?
# - [ ] The factor has no effect. :: It has one, which changes with time.
# - [x] One hazard ratio for all times is a poor summary of that factor. :: Yes: show it by period,
#   or the survival at fixed times.
# - [ ] The model may not be shown. :: It may, with its limits stated.
# ```
