# Reference values for the tests, from R. Run from this folder:  Rscript oracle.R
# Writes data/*.csv (inputs) and oracle.json (outputs, with the versions that made them).
suppressMessages(library(survival))
dir.create("data", showWarnings = FALSE)

num <- function(x) {            # full precision, missing as null
  x <- unname(x)
  ifelse(is.na(x), "null", ifelse(is.infinite(x), sprintf("\"%s\"", x), formatC(x, digits = 17, format = "g")))
}
vec <- function(x) paste0("[", paste(num(x), collapse = ", "), "]")
obj <- function(...) {
  parts <- list(...)
  paste0("{", paste(sprintf("\"%s\": %s", names(parts), unlist(parts)), collapse = ", "), "}")
}
named <- function(parts) paste0("{", paste(sprintf("\"%s\": %s", names(parts), unlist(parts)), collapse = ",\n "), "}")

# ---- data: time, event 0/1, a group, covariates -------------------------------------------------
lung2 <- with(lung, data.frame(time, event = status - 1, group = factor(sex, labels = c("male", "female")),
                               age, ph.ecog))
lung2 <- lung2[complete.cases(lung2), ]
veteran2 <- with(veteran, data.frame(time, event = status, group = celltype, age, karno))
ovarian2 <- with(ovarian, data.frame(time = futime, event = fustat, group = factor(rx), age, resid.ds))
leukemia42 <- data.frame(  # Freireich et al., Blood 21, 699-716 (1963): weeks in remission
  time = 7 * c(6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35,
               1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23),
  event = c(rep(1, 9), rep(0, 12), rep(1, 21)),
  group = factor(rep(c("6-MP", "placebo"), each = 21)), age = 0)
leukemia42$age <- rep(c(3, 9, 4, 12, 7, 5), 7)   # made up, to have a number to fit
tied <- data.frame(time = c(1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 6, 7),
                   event = c(1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1),
                   group = factor(c("a", "b", "a", "b", "a", "b", "b", "a", "a", "b", "a", "b", "a", "b", "a", "b")),
                   age = c(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3))
half <- data.frame(time = c(1, 2, 3, 4, 5, 6, 7, 8), event = c(1, 1, 1, 1, 0, 1, 0, 1),
                   group = factor(rep(c("a", "b"), 4)), age = c(1, 5, 2, 8, 3, 9, 4, 7))
zero <- data.frame(time = c(0, 0, 2, 3, 3, 9), event = c(1, 0, 1, 0, 1, 0),
                   group = factor(c("a", "b", "a", "b", "b", "a")), age = c(2, 4, 6, 1, 9, 3))
lastdies <- data.frame(time = c(5, 8, 12, 20), event = c(1, 1, 1, 1),
                       group = factor(c("a", "b", "b", "a")), age = c(4, 2, 7, 1))
nomedian <- data.frame(time = c(5, 8, 12, 20, 30, 41), event = c(1, 0, 0, 1, 0, 0),
                       group = factor(c("a", "b", "a", "b", "a", "b")), age = c(4, 2, 7, 1, 8, 3))
dropout <- data.frame(time = c(1, 2, 3, 4, 6, 7, 9, 11, 12), event = c(0, 0, 1, 1, 0, 1, 1, 0, 1),
                     group = factor(c("c", "c", "a", "b", "a", "b", "b", "a", "a")), age = 1:9)
sets <- list(dropout = dropout, lung = lung2, veteran = veteran2, ovarian = ovarian2, leukemia = leukemia42,
             tied = tied, half = half, zero = zero, lastdies = lastdies, nomedian = nomedian)

km <- function(d, flip = FALSE) {
  d$status <- if (flip) 1 - d$event else d$event
  f <- survfit(Surv(time, status) ~ 1, data = d, conf.type = "log-log")
  m <- summary(f)$table
  at <- quantile(d$time, c(.1, .35, .6, .9), names = FALSE, type = 1)
  s <- summary(f, times = at)
  obj(time = vec(f$time), n_risk = vec(f$n.risk), n_event = vec(f$n.event), n_censor = vec(f$n.censor),
      surv = vec(f$surv), lower = vec(f$lower), upper = vec(f$upper),
      median = vec(c(m["median"], m["0.95LCL"], m["0.95UCL"])),
      at_time = vec(at), at_surv = vec(s$surv), at_lower = vec(s$lower), at_upper = vec(s$upper),
      at_risk = vec(s$n.risk))
}
logrank <- function(d) {
  t <- survdiff(Surv(time, event) ~ group, data = d)
  df <- sum(t$exp > 0) - 1   # as print.survdiff counts
  obj(chisq = num(t$chisq), df = num(df), p = num(t$pvalue))
}
coxfit <- function(d, terms) {
  f <- coxph(as.formula(paste("Surv(time, event) ~", paste(terms, collapse = " + "))), data = d,
             ties = "efron", control = coxph.control(eps = 1e-14, toler.chol = 1e-14, iter.max = 100))
  s <- summary(f); z <- cox.zph(f, transform = "km", terms = TRUE)
  drops <- sapply(terms, function(t) {
    rest <- setdiff(terms, t)
    g <- if (length(rest)) update(f, as.formula(paste(". ~", paste(rest, collapse = " + ")))) else NULL
    2 * (f$loglik[2] - (if (is.null(g)) f$loglik[1] else g$loglik[2]))
  })
  ci <- exp(confint(f))
  obj(terms = paste0("[", paste(sprintf("\"%s\"", terms), collapse = ", "), "]"),
      coef = vec(coef(f)), se = vec(sqrt(diag(vcov(f)))), hr = vec(exp(coef(f))), lower = vec(ci[, 1]),
      upper = vec(ci[, 2]), p = vec(s$coefficients[, "Pr(>|z|)"]), loglik = vec(f$loglik[2]),
      lrt = num(unname(s$logtest["test"])), lrt_drop = vec(drops),
      zph_chisq = vec(z$table[, "chisq"]), zph_df = vec(z$table[, "df"]), zph_p = vec(z$table[, "p"]))
}
survival_values <- list(); cox_values <- list()
for (n in names(sets)) {
  d <- sets[[n]]
  write.csv(d, file.path("data", paste0(n, ".csv")), row.names = FALSE, quote = FALSE)
  survival_values[[n]] <- obj(km = km(d), reverse = km(d, TRUE), logrank = logrank(d))
}
for (n in c("lung", "veteran", "ovarian", "leukemia", "tied")) {
  d <- sets[[n]]
  extra <- setdiff(names(d), c("time", "event", "group", "age"))
  cox_values[[paste0(n, "/group")]] <- coxfit(d, "group")
  cox_values[[paste0(n, "/age")]] <- coxfit(d, "age")
  cox_values[[paste0(n, "/all")]] <- coxfit(d, c("group", "age", extra))
}

# ---- counts: those of the study and awkward ones; then public ones -------------------------------
# birth weight: low or not of mothers who smoke or not, and by race; admissions to Berkeley's
# department A by sex; children on the Titanic by class
births <- MASS::birthwt
smoke <- as.vector(t(table(births$smoke, births$low))); race <- as.vector(t(table(births$race, births$low)))
berkeley <- as.vector(UCBAdmissions[, , "A"]); children <- as.vector(t(apply(Titanic[1:3, , "Child", ], c(1, 3), sum)))
binomials <- lapply(list(c(38, 47), c(2, 7), c(3, 47), c(0, 5), c(5, 5), c(1, 1), c(0, 1),
                         c(sum(births$low), nrow(births)), berkeley[3:4] + c(0, berkeley[3])), function(x)
  obj(events = num(x[1]), n = num(x[2]), ci95 = vec(binom.test(x[1], x[2])$conf.int),
      ci90 = vec(binom.test(x[1], x[2], conf.level = .9)$conf.int)))
tables <- list(c(33, 3, 3, 1, 2, 5), c(5, 0, 1, 4, 2, 2), c(10, 1, 0, 7, 3, 3), c(1, 2, 2, 1, 0, 3),
               race, children)
fisher_rc <- lapply(tables, function(x) { m <- matrix(x, ncol = 2, byrow = TRUE)
  obj(table = vec(t(m)), rows = num(nrow(m)), p = num(fisher.test(m)$p.value)) })
wide <- list(c(3, 1, 2, 0, 4, 1, 2, 2, 5), c(0, 6, 1, 5, 2, 0, 1, 1, 9))
fisher_33 <- lapply(wide, function(x) { m <- matrix(x, ncol = 3, byrow = TRUE)
  obj(table = vec(t(m)), rows = num(3), p = num(fisher.test(m)$p.value)) })
fisher_rc <- c(fisher_rc, fisher_33)
# fisher.test finds odds ratio and bounds with uniroot's default tolerance (1.2e-4); tighten it
uniroot_tight <- function(...) stats::uniroot(..., tol = 1e-13)
fisher_tight <- stats::fisher.test
environment(fisher_tight) <- list2env(list(uniroot = uniroot_tight), parent = asNamespace("stats"))
fisher_22 <- lapply(list(c(36, 4, 2, 5), c(12, 5, 3, 9), c(5, 0, 2, 6), c(3, 3, 3, 3), smoke,
                        berkeley), function(x) {
  m <- matrix(x, 2, byrow = TRUE); f <- fisher_tight(m)
  obj(table = vec(t(m)), p = num(f$p.value), odds = num(unname(f$estimate)), ci = vec(f$conf.int)) })

list_of <- function(x) paste0("[", paste(unlist(x), collapse = ",\n  "), "]")
writeLines(named(list(
  versions = obj(R = sprintf("\"%s\"", getRversion()), survival = sprintf("\"%s\"", packageVersion("survival"))),
  survival = named(survival_values), cox = named(cox_values), binomial = list_of(binomials),
  fisher_2x2 = list_of(fisher_22), fisher_rxc = list_of(fisher_rc))), "oracle.json")
