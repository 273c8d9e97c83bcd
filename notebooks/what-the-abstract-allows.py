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
# # How much does the abstract leave open?
#
# An abstract prints a few numbers and keeps the rest. Many cohorts would have led to the same one.
# Here are a thousand of them, and what they have in common.
#
# **You will learn**
#
# - to draw cohorts that agree with a published summary, and to read what they leave open;
# - to see why effects that had to be significant come out too large (the *winner's curse*);
# - to count how many outcomes would have to change for a finding to lose its significance.

# %%
from cartanalysis import Study
from cartanalysis.study import consistent

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
confidence: float = 0.95

# %%
study = Study(
    "what-the-abstract-allows",
    cohort,
    min_cell=min_cell,
    confidence=confidence,
)
allowed = study.allowed()

# %%
most = f"{100 * consistent.SHARE:.0f} %"
allowed.say(
    f"**In short.** The abstract says which patients do worse, not by how much. In {most} of a "
    "thousand cohorts that agree with everything published, the hazard ratio of death with "
    f"extramedullary disease (EMD) lies **{consistent.range_text('emd_os')}**, that of relapse or "
    f"death with high regulatory T cells (Tregs) **{consistent.range_text('treg_rfs')}**. Of new "
    f"cohorts of the same size, **{allowed.again('emd_os', 47)}** would show the first with p < 0.05."
)

# %% [markdown]
# ## Background

# %% [markdown] tags=["on-reconstruction"]
# From a mean, a standard deviation and a sample size one can list every set of answers that fits
# {cite:p}`Wilner2018`, or sample from them {cite:p}`Heathers2018`; from a printed Kaplan–Meier curve
# one can read back the times of the patients {cite:p}`Guyot2012`. Here there is neither a list of
# answers nor a curve: only counts, two points on each curve, and the word “significant”.

# %% [markdown]
# One way out is to say beforehand what is thought possible (the *prior*): which patients there may
# have been, how strongly the risk factors may act. Cohorts are drawn from it, and only those are
# kept that would have led to the same abstract. Whatever differs between them, the abstract leaves
# open.
#
# A range over these cohorts is no confidence interval. A confidence interval tells how far the
# truth may lie from a known estimate. This range tells where the unknown *estimate* may lie: the
# hazard ratio that the authors themselves could compute.
#
# ## What the authors did and reported
#
# The abstract gives survival at 1 year and both medians, and says of each risk factor in which
# direction it points {cite:p}`An2020`:

# %%
study.say(
    "Overall survival at 1 year {paper.os_1y}, median {paper.os_median}; relapse-free survival "
    "{paper.rfs_1y}, median {paper.rfs_median}; {paper.responders} of {paper.infused} patients in "
    "remission, {paper.orr_emd_other_n} of {paper.emd_other_n} with EMD other than in the central "
    "nervous system (CNS)."
)

# %% [markdown]
# No hazard ratio is printed, no p-value, no number of patients with CNS disease, and no point of a
# curve after the medians.
#
# ## By hand
#
# **Counts can be listed.** Of the patients without EMD outside the CNS, some have isolated CNS
# disease. How many, and how many of them reach remission? The abstract says only that remission is
# rarest with EMD outside the CNS.

# %%
# by hand
known = study.registry
n, yes = known["infused"].value, known["responders"].value
other, few = (
    known[key].value for key in ("emd_other_n", "orr_emd_other_n")
)
tables = [
    (cns, of_cns)
    for cns in range(1, n - other)
    for of_cns in range(cns + 1)
    if 0 <= yes - few - of_cns <= n - other - cns
    and of_cns / cns > few / other
    and (yes - few - of_cns) / (n - other - cns) > few / other
]
print(f"{len(tables)} tables agree with the abstract")
low, high = known["a_cns_n"].details["range"]
within = [cns for cns, _ in tables if low <= cns <= high]
print(
    f"{len(within)} of them with {low} to {high} patients with CNS disease"
)
assert set(consistent.measured()["cns"]) <= set(within)

# %% [markdown]
# **Times cannot be listed, but drawn.** pandas reads the thousand cohorts. One line each gives what
# is open.

# %%
# by hand
# figure: Histogram of the hazard ratio of death with EMD.
import matplotlib.pyplot as plt
import seaborn as sns

drawn = consistent.measured()
ratio = drawn["hr_emd_os"]
print(ratio.quantile([0.025, 0.5, 0.975]).round(2).to_string())
ax = sns.histplot(x=ratio, log_scale=True)
ax.axvline(1, color="0.6")
ticks = [1, 2, 5, 10, 20]
ax.set_xticks(ticks, labels=ticks)
ax.set(xlabel="hazard ratio of death, EMD against none", ylabel="cohorts")
plt.show()
book = allowed.ratios.table.set_index("claim").loc["emd_os"]
assert abs(ratio.median() - book["estimate"]) < 1e-9

# %% [markdown]
# **The winner's curse.** The abstract reports these differences because they were significant. Take
# a true hazard ratio of 2 and many studies, each with the standard error that the thousand cohorts
# have. Look only at those with p < 0.05:

# %%
# by hand
import numpy as np

width = np.log(drawn["hr_emd_os_upper"] / drawn["hr_emd_os_lower"])
true, error = 2, width.median() / (2 * 1.96)
print(f"standard error on the log scale {error:.2f}")
rng = np.random.default_rng(1)
found = rng.normal(np.log(true), error, 100_000)
significant = found / error > 1.96
print(f"all studies: hazard ratio {np.exp(np.median(found)):.2f}")
shown = np.exp(np.median(found[significant]))
print(f"those with p < 0.05: {shown:.2f}")
print(f"they are {significant.mean():.0%} of all")
assert shown > true

# %% [markdown]
# Nobody did anything wrong; the selection alone makes them too large {cite:p}`Gelman2014`. The less
# power, the larger the excess.
#
# ## The book’s result
#
# ### Hazard ratios
#
# The abstract fixes the lower end of each range, because the difference had to be significant. The
# upper end depends on the prior, which allows hazard ratios up to 8 in the model.

# %%
claims = study.registry.select(kind="direction")
labels = {claim.id: claim.details["short"] for claim in claims}
caption = (
    "Hazard ratios in a thousand cohorts that agree with everything published: thin line, "
    f"{most} of them; thick line, half of them; upright mark, their median. "
    "Diamond: the reconstruction that is this book's default cohort."
)
study.show(allowed.figure("allowed-effects", caption, labels))

# %% [markdown]
# How small might the p-values have been?

# %%
caption = "p-values in the cohorts, and how many of the cohorts fall below two further levels"
study.show(allowed.p_values(caption))

# %% [markdown]
# “Independent risk factors” for overall and relapse-free survival, “respectively”, may be read in
# two ways: EMD for the first and Tregs for the second, or both for both. The cohorts were drawn
# under the first reading.

# %%
allowed.say(
    f"In **{allowed.both_readings}** of them the second is true as well: adjusted, both factors are "
    "significant for both endpoints. So the wording decides little."
)

# %% [markdown]
# Whether the reported share of MRD-negative remissions refers to
# [all patients or to those in remission](minimal-residual-disease.ipynb) changes no result here: no
# survival time and no risk factor rests on it.
#
# ### What else is open

# %%
caption = "Fractions that the abstract does not print"
study.show(allowed.fractions(caption))

# %% [markdown]
# Survival after the medians is hardly known at all: whatever a curve does beyond its last published
# point comes from the prior.
#
# ### Which assumptions matter
#
# Each cohort has its own draw of everything that is assumed. Spearman's rank correlation tells how
# far a quantity follows an assumption: 0, not at all; 1 or −1, completely.

# %%
caption = (
    "Rank correlation, over the thousand cohorts, of what was assumed with what is open: hazard "
    "ratios of death (HR), and survival at 2 years"
)
study.show(allowed.drivers(caption))

# %% [markdown]
# ### What a new cohort would show
#
# For each of the thousand, new patients were drawn from the same assumptions. Nothing was asked of
# these new cohorts: they need not agree with the abstract, nor be significant.

# %%
caption = (
    "Share of new cohorts of 47, 100 and 300 patients that show a claim with p < 0.05. Relapse-free "
    "survival counts the patients in remission only."
)
study.show(allowed.outcomes_figure("allowed-outcomes", caption))
allowed.say(
    "The least certain is relapse-free survival with EMD: "
    f"**{allowed.again('emd_rfs', 47)}** of cohorts of the study's size would show it. A cohort that does not show it has therefore refuted little."
)

# %% [markdown]
# What a cohort of another size would show, and what this one does show, stands beside its
# [verdicts](claims.ipynb).

# %% [markdown]
# ### The winner's curse in this study
#
# New, large cohorts show the effects without the selection. The hazard ratios in the drawn cohorts
# are larger, as in the example by hand.

# %%
caption = (
    "Median hazard ratio of the drawn cohorts, which had to be significant, and of new cohorts of "
    "1000 patients, which had not; and the quotient of both"
)
study.show(allowed.inflation(caption))

# %% [markdown]
# ### How fragile are the findings?
#
# The *fragility index* counts the outcomes that carry a finding {cite:p}`Walsh2014`. Here, one after
# another, the event whose loss raises p most is turned into an end of follow-up on the same day,
# until the difference is no longer significant.

# %%
caption = (
    "Events that would have to be different for the log-rank test (χ²) to lose its significance, in "
    f"{most} of the cohorts"
)
study.show(allowed.fragility(caption))

# %% [markdown]
# ## What it means for a patient
#
# That a risk factor makes things worse is the finding; how much worse is not. No hazard ratio of
# this page was measured in the study's patients, and none should be told to a patient.
#
# ## How sure can we be?
#
# The ranges hold under the prior, and under the plain model of disease behind it. Three questions
# can be put to the method itself.
#
# **Do the ranges keep their promise where the truth is known?** Cohorts were simulated, reduced to
# an abstract like that of the study, and hidden; then cohorts were drawn from each abstract. Once
# the hidden ones have the study's own curves, so that the method should be exact; once they have
# curves of their own, as real trials have.

# %%
caption = (
    "Hidden cohorts whose truth lay within the range that should hold this share of them; an "
    "asterisk where the share is more than two simulation errors off. Judged were "
    f"{allowed.hidden('same curves')} cohorts with the study's curves and "
    f"{allowed.hidden('own times')} with their own"
)
study.show(allowed.validation(caption))

# %% [markdown]
# Ranges of hazard ratios hold nearly what they promise. Ranges of late survival do not; they are too
# narrow. What a whole cohort shares, such as survival after relapse, is moved by few draws, and the
# cohorts drawn here from one abstract descend from fewer first draws than the thousand of the book.
# Read the book's own ranges of late survival as the least that is open. And where hidden curves
# differ from exponential times, the middle of a range shifts.
#
# **Real patients.** The same was done with public data, abstracted at one landmark and the median.

# %%
caption = (
    "Public data of lifelines and scikit-survival, reduced to an abstract: the truth, and the range "
    "of 95 % of the draws"
)
study.show(allowed.public(caption.replace("95 %", most)))

# %% [markdown]
# Hazard ratios mostly lie in their ranges, survival beyond the last published point often does not:
# real hazards rise and fall. So the book tells ranges of hazard ratios on its first page, and of
# late survival only here.
#
# **How far do the ranges move with the prior?** One assumption at a time was made wider or
# narrower.

# %%
caption = f"Ranges of {most} of the cohorts under other assumptions; HR, hazard ratio of death"
study.show(allowed.priors(caption))
allowed.say(
    "These ranges come from fewer cohorts, and cohorts that descend from one draw are alike: for "
    f"the hazard ratio of EMD the thousand of this book are worth {allowed.worth('hr_emd_os')} "
    f"independent ones, for survival at 2 years {allowed.worth('os_2y')}. Differences of a few "
    "tenths mean nothing."
)

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the tables
#
# Which hazard ratio is inflated most, and which claim would a new cohort show least often? Is there
# a connection?
#
# ```{dropdown} Hint
# What does a test with little power need to reach p < 0.05?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Relapse-free survival with EMD is first in both. Few of the responders have EMD, so the test has
# little power; it reaches significance only where chance has made the difference large.
# ```

# %% [markdown]
# ### Exercise 2: predict, then run
#
# Would the range of a hazard ratio be narrower if the abstract had printed p < 0.01 in place of
# “significant”? Which end would move? Use `drawn` and its column `hr_emd_os_p`.
#
# ```{dropdown} Hint
# Keep the cohorts with `drawn["hr_emd_os_p"] < 0.01`, and take the quantiles again.
# ```

# %% tags=["solution"]
# by hand
smaller = drawn.loc[drawn["hr_emd_os_p"] < 0.01, "hr_emd_os"]
both = {"p < 0.05": ratio, "p < 0.01": smaller}
for level, values in both.items():
    low, high = values.quantile([0.025, 0.975])
    print(f"{level}: {low:.2f} to {high:.2f}")
assert smaller.quantile(0.025) > ratio.quantile(0.025)

# %% [markdown]
# ### Exercise 3: change the example
#
# In the example of the winner's curse, set `error` to 0.2 and to 0.8. What happens to the excess,
# and to the share of studies that are significant?
#
# ```{dropdown} Hint
# A standard error of 0.2 belongs to about a hundred events in two equal groups, one of 0.8 to six.
# ```

# %% tags=["solution"]
# by hand
for error in (0.2, 0.4, 0.8):
    found = rng.normal(np.log(true), error, 100_000)
    significant = found / error > 1.96
    shown = np.exp(np.median(found[significant]))
    print(f"error {error}: {shown:.2f}, {significant.mean():.0%} of all")

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# What does a range over the thousand cohorts tell?
# - [ ] Where the true hazard ratio lies. :: That would be a confidence interval of a known estimate.
# - [x] Where the estimate may lie that the abstract does not print. :: Yes, given the prior.
# - [ ] How patients of other hospitals will do. :: They may differ in ways no abstract tells.
# ```
#
# ```{quiz}
# A new cohort finds the same direction with p above the usual level, and a smaller hazard ratio. What
# is the first thing to think of?
# - [ ] The treatment works differently there. :: Possible, but not the first thing.
# - [ ] The published finding was wrong. :: One cohort of this size can hardly show that.
# - [x] Chance, and the excess of an effect that had to be significant. :: Yes: both are expected.
# ```
#
# ```{quiz}
# A finding has p = 0.03, and its fragility index is 1. What does that mean?
# - [ ] One patient's data were wrong. :: The index says nothing about errors.
# - [x] Had one event not occurred, the difference would not be significant. :: Yes: so little decides.
# - [ ] The finding is false. :: It may well be true; it rests on little.
# ```
