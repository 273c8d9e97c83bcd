# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
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
# # Do other groups of patients differ?
#
# The paper asks about three characteristics. A hospital may want to ask about others: the treating
# centre, the product, an earlier transplant.
#
# **You will learn**
#
# - to compare any groups, and to say how many comparisons you made;
# - to see what chance alone finds, by shuffling;
# - to test whether an effect differs between groups (interaction).

# %%
from typing import Optional

from cartanalysis import Study

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
strata: str = "sex,prior_hsct"
confidence: float = 0.95
time_unit: str = "days"  # days, months or years
treg_cutoff: Optional[float] = None
endpoint: str = "os"  # os or rfs

# %%
study = Study(
    "subgroups",
    cohort,
    min_cell=min_cell,
    strata=strata,
    confidence=confidence,
    time_unit=time_unit,
    treg_cutoff=treg_cutoff,
)
tests = study.strata_tests()
smallest = tests.smallest("p")
study.hand_over(strata_comparisons=tests.read("comparisons", "count"))
study.hand_over(strata_by_chance=tests.read("by_chance", "fraction"))
study.hand_over(strata_smallest=smallest.read("p", "p"))
study.hand_over(strata_corrected=smallest.read("p_holm", "p"))

# %%
study.say(
    "**In short.** The smallest p-value in this page's table of comparisons, "
    "{strata_comparisons} in all, is **{strata_smallest}**; corrected for their number it becomes "
    "**{strata_corrected}**. Of the study, only comparisons by extramedullary disease, regulatory "
    "T cells and genetic risk are known to us."
)

# %% [markdown]
# ## Background
#
# A *subgroup analysis* asks whether results differ between kinds of patients. It is tempting,
# because no two patients are alike, and treacherous. With every further comparison the chance grows
# that one of them is significant although nothing differs; and those that come out are the ones that
# are told.
#
# A large trial of aspirin in heart attack made the point for good {cite:p}`ISIS1988`. Aspirin saved
# lives, beyond doubt; yet in patients born under Gemini or Libra it seemed to do slightly more harm
# than good. Nobody believed it, and nobody should believe a less amusing subgroup on the same
# evidence.
#
# Two questions are easily confused. *Do women live longer than men after the treatment?* compares
# outcomes. *Does the effect of a risk factor differ between women and men?* compares two effects, and
# needs a test of *interaction* {cite:p}`Altman2003`. A review of clinical trials found that many
# claimed a difference of effects without one {cite:p}`Assmann2000`.
#
# A subgroup finding earns trust if it was planned, has a reason in biology, is one of few, and was
# found again by others. An earlier allogeneic transplant, for instance, has a reason: the T cells
# then usually come from the donor.
#
# ## What the authors did and reported
#
# The abstract of An and colleagues {cite:p}`An2020` compares patients by extramedullary disease,
# regulatory T cells and genetic risk; those comparisons have chapters of their own. Which other
# groups the authors compared, and which comparisons they had planned, is not known to us.
#
# ## A look at the data
#
# A group is a column with few values. The parameter `strata` names up to three columns, of this
# book's or of your own.

# %%
# by hand, with rows: sex, prior_hsct
patients = study.patients
patients[
    ["patient_id", "sex", "prior_hsct", "response", "os_days", "os_event"]
].head()

# %% tags=["on-reconstruction"]
study.on_reconstruction(
    "In the reconstruction, sex was assigned without regard to the course of the disease: "
    "whatever differs between women and men is chance. Of the patients with an earlier transplant, "
    "their number and their remissions are assumed after a thesis abstract."
)

# %% [markdown]
# ## By hand
#
# **Remission.** A cross table and Fisher's exact test, which holds in groups of any size.

# %%
# by hand: response, sex
import pandas as pd
from scipy.stats import fisher_exact

patients = study.patients
table = pd.crosstab(patients["sex"], patients["responder"])
p = fisher_exact(table).pvalue
print(table)
print(f"Fisher's exact test: p = {p:.3f}")
assert abs(p - study.remission(by="sex").test.p.number) < 1e-9

# %% [markdown]
# **Survival.** A Kaplan–Meier curve for each group, and the log-rank test between them.

# %%
# by hand: sex, os_days, os_event
# figure: Kaplan–Meier curves of overall survival by sex.
import matplotlib.pyplot as plt
from lifelines import KaplanMeierFitter
from lifelines.plotting import add_at_risk_counts

os = study.patients.dropna(subset=["sex", "os_days", "os_event"])
curves = []
ax = plt.subplot()
for sex, group in os.groupby("sex", observed=True):
    kmf = KaplanMeierFitter(alpha=1 - confidence)
    kmf.fit(group["os_days"], group["os_event"], label=sex)
    kmf.plot_survival_function(ax=ax)
    curves.append(kmf)
ax.set(xlabel="days since infusion", ylabel="alive", ylim=(0, 1))
add_at_risk_counts(*curves, ax=ax, at_risk_count_from_start_of_period=True)
plt.show()

# %%
# by hand: sex, os_days, os_event
from lifelines.statistics import multivariate_logrank_test

by_sex = multivariate_logrank_test(
    os["os_days"], os["sex"].astype(str), os["os_event"]
)
book = study.survival("os", by="sex")
if os["os_event"].any():
    print(f"log-rank test by sex: p = {by_sex.p_value:.3f}")
    assert abs(by_sex.p_value - book.log_rank.p.number) < 1e-9
else:
    print("no death, so there is nothing to test")

# %% [markdown]
# The p-value of the log-rank test rests on an approximation that needs enough patients. Where a
# group has fewer than 15, or events are few, the book compares the log-rank statistic with what it gives when the groups'
# labels are dealt out at random (a permutation test), so its p-value differs a little.
#
# **Chance.** What would this page look like if nothing differed? Shuffle the labels, so that nothing
# can, and run the tests again; 50 times.

# %%
# by hand: sex, prior_hsct, response, os_days, os_event
import numpy as np

rng = np.random.default_rng(1)
known = patients.dropna(
    subset=["sex", "prior_hsct", "responder", "os_days", "os_event"]
)
pages = []
for _ in range(50):
    page = []
    for trait in ("sex", "prior_hsct"):
        label = rng.permutation(known[trait].astype(str))
        page.append(
            fisher_exact(pd.crosstab(label, known["responder"])).pvalue
        )
        page.append(
            multivariate_logrank_test(
                known["os_days"], label, known["os_event"]
            ).p_value
        )
    pages.append(min(page))
share = np.mean(np.array(pages) < 0.05)
print(f"at least one of four p-values below 0.05: {share:.0%} of shuffles")
print(f"expected of independent tests: {1 - 0.95**4:.0%}")

# %% [markdown]
# The two need not agree: fifty shuffles leave an error of about five percentage points. Besides,
# Fisher's test is cautious in small groups and errs less often than one time in twenty; the log-rank
# test, being approximate, may err a little more often.
#
# **Interaction.** Suppose high regulatory T cells go with shorter survival in one sex,
# "significantly", and not in the other. A Cox model with a product answers whether the two hazard
# ratios differ. Stratified by sex (`strata`), it leaves each sex its own baseline hazard, as the two
# separate models do; the product's hazard ratio is then the quotient of theirs. Its p is Wald's.

# %%
# by hand: sex, treg_pct, os_days, os_event
from lifelines import CoxPHFitter

known = study.patients.dropna(
    subset=["os_days", "os_event", "sex", "treg_group"]
)
data = known[["os_days", "os_event"]].assign(
    high=(known["treg_group"] == "high").astype(int),
    male=(known["sex"] == "male").astype(int),
)
ratios = {}
for male, group in data.groupby("male"):
    cph = CoxPHFitter().fit(
        group.drop(columns="male"), "os_days", "os_event"
    )
    row = cph.summary.loc["high"]
    ratios[male] = row["exp(coef)"]
    print(
        f"{('female', 'male')[male]}: high against low Tregs, "
        f"hazard ratio {row['exp(coef)']:.2f}, p = {row['p']:.3f}"
    )
data["both"] = data["high"] * data["male"]
cph = CoxPHFitter().fit(data, "os_days", "os_event", strata=["male"])
product = cph.summary.loc["both"]
print(
    f"ratio of the two hazard ratios {product['exp(coef)']:.2f}, "
    f"p = {product['p']:.3f}"
)
assert abs(product["exp(coef)"] * ratios[0] / ratios[1] - 1) < 1e-3

# %% [markdown]
# The p of a product is Wald's. In small groups the *likelihood-ratio test* is more reliable: it compares
# how well the data are explained with one hazard ratio for both, and with one for each.

# %%
# by hand: sex, treg_pct, os_days, os_event
from scipy.stats import chi2

one = data.drop(columns="both")
common = CoxPHFitter().fit(one, "os_days", "os_event", strata=["male"])
statistic = 2 * (cph.log_likelihood_ - common.log_likelihood_)
p = chi2.sf(statistic, 1)
print(f"interaction: χ² = {statistic:.3f}, p = {p:.2f}")
by_sex = study.subgroups("os", of="treg_group", within=["sex"], labels={})
assert abs(p - by_sex.interaction("sex").number) < 1e-4

# %% [markdown]
# ## The book’s result

# %%
for name in study.cohort.strata:
    study.stratum(name)

# %% [markdown]
# All comparisons together, with Holm's correction {cite:p}`Holm1979`: it multiplies the smallest
# p-value by the number of comparisons, the next by one less, and so on.

# %%
columns = {
    "group": "Groups by",
    "outcome": "Outcome",
    "test": "Test",
    "p": "p",
    "p_holm": "p, corrected",
}
study.show(tests.as_table(columns, "All comparisons of this page"))
study.say(
    "If nothing differed and the tests were independent, a p-value below 0.05 would still be "
    "found on **{strata_by_chance}** of such pages."
)

# %% [markdown]
# **Each alone, and all together.** Groups overlap: who had an earlier transplant may be older, or of one
# centre. One Cox model with all columns of this page compares patients who are alike in the others.

# %%
names = {
    "emd_any": "extramedullary disease",
    "genetic_risk": "genetic risk",
    "prior_hsct": "earlier transplant",
}
study.show(
    study.hazard_ratios(
        endpoint, study.cohort.strata
    ).one_by_one_and_together(
        f"{endpoint.upper()}: each grouping alone, and all together", names
    )
)

# %% [markdown]
# **One factor in many kinds of patients.** Does the hazard ratio of high against low regulatory T cells
# differ between the groups above? Each row is a model of its own; the p beside each heading is that of
# the likelihood-ratio test of interaction, stratified by the group.

# %%
forest = study.subgroups(
    endpoint,
    of="treg_group",
    within=[*study.cohort.strata, "emd_any", "genetic_risk"],
    labels=names,
)
study.show(
    forest.figure(
        "subgroup-forest",
        f"Hazard ratio of high against low regulatory T cells ({endpoint.upper()}), in all patients "
        "and in groups of them.",
    )
)

# %% [markdown]
# If there are several treatment arms, hazard ratios between them are compared in the same groups.

# %%
between_arms = study.subgroups(
    endpoint, of="arm", within=study.cohort.strata, labels=names
)
if "arm" not in between_arms.lacks:
    study.show(
        between_arms.figure(
            "subgroup-arms",
            f"Hazard ratios between arms ({endpoint.upper()}), in all patients and in groups of them.",
        )
    )

# %% [markdown]
# Wherever hazard ratios of subgroups are drawn, read the tests of interaction first, then the intervals,
# and never the p-values of the rows: that one interval crosses 1 and its neighbour does not is no
# difference between them. A subgroup has fewer patients than the whole,
# so most rows look less certain than the first; the best guess for any of them is close to the ratio in all
# patients.
#
# ## What it means for a patient
#
# A p-value says nothing to a patient. The column *At 1 year* of the tables above does: how many of
# 100 patients of each group would be alive 12 months after infusion. By hand:

# %%
# by hand: sex, os_days, os_event
for kmf in curves:
    alive = kmf.predict(365)
    print(
        f"Of 100 ({kmf.label}), about {100 * alive:.0f} alive at 12 months"
    )
    one = book.one_year.where(group=kmf.label).number
    assert abs(alive - one) < 1e-9

# %% [markdown]
# Whoever reads such a difference should ask for its interval before telling it to a patient, and no
# treatment should be withheld from a group for a difference of this kind.
#
# ## How sure can we be?
#
# *How many?* Every p-value of this page is one of several. The correction counts the comparisons of
# the table, not the tests done by hand on this page; nor can it count those that somebody looked at
# before choosing `strata`.
#
# *How large?* In small groups a difference has to be huge to be found, and one that is found is
# likely to be exaggerated. That a test finds nothing does not show that the groups are alike.
#
# *Why?* Centres and products differ in their patients, too. A difference between them is no effect
# of the centre.
#
# *Do the curves cross?* The log-rank test can miss curves that do; look at them.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: read the page
#
# How many p-values are in the table of all comparisons? If nothing differed at all, how likely is at
# least one below 0.05?
#
# ```{dropdown} Hint
# For independent tests: 1 minus the probability that none of them is below it.
# ```

# %% tags=["solution"]
study.say(
    "Number of p-values: {strata_comparisons}. If the tests were independent, chance alone would "
    "put at least one below 0.05 on about {strata_by_chance} of such pages. Tests of relapse-free "
    "and of overall survival are not quite independent, as the endpoints are related."
)

# %% [markdown]
# ### Exercise 2: change a group
#
# Compare overall survival by genetic risk by hand. Which numbers must agree with those of [the
# chapter on genetic risk](genetic-risk.ipynb), and what nevertheless differs?
#
# ```{dropdown} Hint
# The same patients, the same groups, the same test.
# ```

# %% tags=["solution"]
# by hand: genetic_risk, os_days, os_event
from lifelines.statistics import multivariate_logrank_test

columns = ["genetic_risk", "os_days", "os_event"]
risk = study.patients.dropna(subset=columns)
test = multivariate_logrank_test(
    risk["os_days"], risk["genetic_risk"].astype(str), risk["os_event"]
)
book = study.survival("os", by="genetic_risk")
if risk["os_event"].any():
    print(f"log-rank test by genetic risk: p = {test.p_value:.4f}")
    assert abs(test.p_value - book.log_rank.p.number) < 1e-9
else:
    print("no death, so there is nothing to test")

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Numbers of patients, medians and the usual log-rank test, χ² with its p-value, agree. Where a group is
# small or events are few, that chapter prints the p-value by permutation instead, which differs a
# little. It answers a question that the study asked, whether beforehand or not is unknown; this one
# answers any question. The numbers are equal, what they are worth is not.
# ```

# %% [markdown]
# ### Exercise 3: criticise a claim
#
# *"In women p = 0.03, in men p = 0.20: the treatment works in women only."* What is wrong?
#
# ```{dropdown} Hint
# Which comparison would the claim need?
# ```

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# The claim is about a difference between women and men, so it needs a test of that difference, an
# interaction, which was not made. A p-value in each group mostly tells how many patients the groups
# have. And one of several subgroups was picked after the fact.
# ```

# %% [markdown]
# ### Exercise 4: read the stars
#
# Give every patient a star sign at random and compare overall survival under each of the twelve
# signs with all others. How many p-values fall below 0.05? Try several seeds.
#
# ```{dropdown} Hint
# `np.random.default_rng(seed).integers(12, size=len(os))` deals out the signs.
# ```

# %% tags=["solution"]
# by hand: sex, os_days, os_event
import numpy as np
from lifelines.statistics import logrank_test

for seed in range(3):
    sign = np.random.default_rng(seed).integers(12, size=len(os))
    found = 0
    for born in np.unique(sign):
        inside = sign == born
        test = logrank_test(
            os.loc[inside, "os_days"],
            os.loc[~inside, "os_days"],
            os.loc[inside, "os_event"],
            os.loc[~inside, "os_event"],
        )
        found += test.p_value < 0.05
    print(f"seed {seed}: {found} of {len(np.unique(sign))} signs")

# %% [markdown]
# ### Exercise 5: correct by hand
#
# Correct the p-values of this page by Bonferroni's method, which multiplies each by their number,
# and by Holm's. Which is stricter?
#
# ```{dropdown} Hint
# `multipletests(p, method="bonferroni")` of statsmodels, with `p = tests.table["p"].dropna()`; the
# second thing it returns are the corrected p-values.
# ```

# %% tags=["solution"]
# by hand: sex
import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

p = tests.table["p"].dropna()
corrected = pd.DataFrame(
    {
        method: multipletests(p, method=method)[1]
        for method in ("bonferroni", "holm")
    }
)
print(corrected.round(3))
book = tests.table["p_holm"].dropna()
assert np.allclose(corrected["holm"], book, rtol=0, atol=1e-9)

# %% [markdown] tags=["solution"]
# ```{dropdown} Solution
# Bonferroni's p-values are never smaller than Holm's. Both keep the chance of any false alarm on the
# page below the level; Holm's method loses less power, so there is no reason to prefer Bonferroni's.
# ```

# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Which subgroup result deserves the most trust?
# - [ ] The one with the smallest p-value. :: It was selected for being small.
# - [x] The one that was planned before the data were seen, and has a reason. :: Yes, even more so
#   if another study found it first.
# - [ ] The one with the largest difference. :: Large differences come up by chance in small
#   groups.
# ```
#
# ```{quiz}
# Two centres differ in remission rates. May the difference be put down to the centres?
# - [ ] Yes, if p < 0.05. :: A small p says that chance alone is unlikely, not what the reason is.
# - [x] No: their patients may differ as well. :: Yes; compare what kind of patients they treat
#   first.
# - [ ] Yes, if both used the same product. :: Their patients and their care may still differ.
# ```
#
# ```{quiz}
# Twenty independent comparisons, nothing differs anywhere. How many are expected below 0.05?
# - [ ] None. :: The limit lets one in twenty through.
# - [x] One. :: Yes, on average.
# - [ ] It depends on the number of patients. :: Without any effect it does not.
# ```
#
# ```{quiz}
# What does a test of interaction ask?
# - [ ] Whether the treatment works in each group. :: That would be a test in each group.
# - [x] Whether the effect differs between the groups. :: Yes: it compares the two effects with each
#   other.
# - [ ] Whether the groups differ in size. :: Size matters for the precision, not for the question.
# ```
