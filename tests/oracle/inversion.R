# Intervals that belong to a test, from R. Run from this folder:  Rscript inversion.R
# Writes inversion.json; reads data/*.csv.
suppressMessages({library(survival); library(jsonlite)})
read <- function(name) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  d$group <- factor(d$group, unique(d$group))
  d
}
ends <- function(f, at) c(uniroot(f, c(at - 6, at), tol = 1e-12)$root, uniroot(f, c(at, at + 6), tol = 1e-12)$root)

# ---- the log-rank test, inverted: the score test at every hazard ratio, of times without ties ----
score <- function(name, confidence) {
  d <- read(name)
  d$time <- rank(d$time, ties.method = "first")
  short <- function(b) coxph(Surv(time, event) ~ group, d, init = b, iter.max = 0)$score - qchisq(confidence, 1)
  at <- unname(coef(coxph(Surv(time, event) ~ group, d, control = coxph.control(eps = 1e-12, toler.chol = 1e-13))))
  list(data = name, confidence = confidence, ends = ends(short, at))
}

# ---- the likelihood-ratio test, inverted: the profile of the likelihood, by an offset -------------
profile <- function(name, terms, of, confidence) {
  d <- na.omit(read(name)[c("time", "event", terms)])
  d$x <- as.numeric(model.matrix(reformulate(of), d)[, 2])
  rest <- setdiff(terms, of)
  control <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
  full <- coxph(reformulate(c("x", rest), "Surv(time, event)"), d, control = control)
  short <- function(b) {
    d$of <- b * d$x
    f <- coxph(reformulate(c(rest, "offset(of)"), "Surv(time, event)"), d, control = control)
    2 * (full$loglik[2] - f$loglik[2]) - qchisq(confidence, 1)
  }
  list(data = name, terms = I(terms), of = of, confidence = confidence, ends = ends(short, unname(coef(full)["x"])))
}
write_json(list(
  score = list(score("lung", 0.95), score("lung", 0.8), score("leukemia", 0.95)),
  profile = list(profile("lung", c("group", "age", "ph.ecog"), "group", 0.95),
                 profile("leukemia", c("group", "age"), "group", 0.95),
                 profile("ovarian", c("group", "age"), "age", 0.9))
), "inversion.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
