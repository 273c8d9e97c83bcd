# The transplant cohort bmt of KMsurv as CSV, with words for two of its codes; and what R's survival says
# of it. Rscript bmt.R OUT.csv prints one line per number: its name in the book, and its value.
suppressMessages(library(survival))
data(bmt, package = "KMsurv")
bmt$id <- seq_len(nrow(bmt))
words <- with(bmt, data.frame(fab = ifelse(z8 == 1, "M4 or M5", "other"),
                              methotrexate = ifelse(z10 == 1, "yes", "no")))
write.csv(cbind(words, bmt), commandArgs(TRUE)[1], row.names = FALSE)

at <- function(f) summary(f, times = 365)
# the arms in the alphabet's order, as in the book
d <- transform(bmt, arm = factor(c("ALL", "AML, low risk", "AML, high risk")[group]),
               first = factor(ifelse(d2 == 1, "relapse", ifelse(d3 == 1, "death", "none")),
                              c("none", "relapse", "death")))
own <- coxph(Surv(t1, d1) ~ arm, d, control = coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 60))
relapsed <- subset(d, d2 == 1 & t1 > t2)
stays <- rbind(with(d, data.frame(id, start = 0, stop = t2, state = "remission", to = first)),
               with(relapsed, data.frame(id, start = t2, stop = t1, state = "relapse",
                                         to = ifelse(d1 == 1, "death", "none"))))
stays$to <- factor(stays$to, c("none", "relapse", "death"))
stays <- stays[order(stays$id, stays$start), ]
states <- survfit(Surv(start, stop, to) ~ 1, stays, id = id, istate = factor(state, c("remission", "relapse")))
first <- at(survfit(Surv(t2, first) ~ 1, d))
told <- c(os_1y = at(survfit(Surv(t1, d1) ~ 1, d))$surv, rfs_1y = at(survfit(Surv(t2, d3) ~ 1, d))$surv,
          relapse_1y = first$pstate[first$states == "relapse"],
          death_in_remission_1y = first$pstate[first$states == "death"],
          after_relapse_1y = at(states)$pstate[states$states == "relapse"],
          os_arm_hr = exp(coef(own))[[1]], os_arm_constant_p = cox.zph(own)$table["arm", "p"],
          os_arm_chi2 = survdiff(Surv(t1, d1) ~ arm, d)$chisq)
cat(sprintf("%s %.15g\n", names(told), told), sep = "")
