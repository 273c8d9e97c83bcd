# Cox regression stratified by hospital, of all patients together. Run from this folder:
# Rscript pool.R.  Writes data/hospitals.csv (made up: five hospitals of 15 patients; in some of them
# a group has no event) and pool.json.
suppressMessages({library(survival); library(jsonlite)})
set.seed(31)

hospital <- function(site) {
  n <- 15
  x <- rbinom(n, 1, 0.35); y <- rbinom(n, 1, 0.5); z <- rbinom(n, 1, 0.4)
  died <- rexp(n, exp(0.8 * x + 0.5 * y + 0.3 * z) / 2500); end <- runif(n, 200, 900)
  data.frame(site, time = ceiling(pmin(died, end) / 30) * 30, event = as.numeric(died <= end), x, y, z)
}
hospitals <- do.call(rbind, lapply(1:5, hospital))
write.csv(hospitals, "data/hospitals.csv", row.names = FALSE)
lung <- read.csv("data/lung.csv"); veteran <- read.csv("data/veteran.csv")
sets <- list(
  hospitals = hospitals,
  lung = with(lung, data.frame(site = ph.ecog, time, event, x = as.numeric(group == "male"),
                               y = as.numeric(age > 60), z = as.numeric(age > 70))),
  veteran = with(veteran, data.frame(site = group, time, event, x = as.numeric(karno < 60),
                                     y = as.numeric(age > 60), z = as.numeric(age > 65))))
sets$lung <- subset(sets$lung, site %in% 0:2)
control <- coxph.control(eps = 1e-12, iter.max = 60, toler.chol = 1e-14)

pooled <- function(d, others) {
  terms <- c("x", others)
  fit <- coxph(reformulate(c(terms, "strata(site)"), "Surv(time, event)"), d, control = control)
  fixed <- reformulate(c(others, "offset(b * x)", "strata(site)"), "Surv(time, event)")
  at <- function(b) { d$b <- b; tail(coxph(fixed, d, control = control)$loglik, 1) }
  peak <- unname(coef(fit)["x"])
  gap <- function(b) at(b) - fit$loglik[2] + qchisq(0.95, 1) / 2
  list(estimate = exp(peak), lower = exp(uniroot(gap, c(peak - 4, peak), tol = 1e-10)$root),
       upper = exp(uniroot(gap, c(peak, peak + 4), tol = 1e-10)$root),
       p = pchisq(2 * (fit$loglik[2] - at(0)), 1, lower.tail = FALSE))
}
# each hospital's own likelihood at given coefficients
values <- function(d, b) lapply(split(d, d$site), function(s) {
  sapply(b, function(v) {
    s$b <- v
    coxph(Surv(time, event) ~ offset(b * x), s)$loglik[1]
  })
})
write_json(list(
  r = R.version.string, survival = as.character(packageVersion("survival")),
  pooled = lapply(sets, function(d) list(alone = pooled(d, c()), adjusted = pooled(d, c("y", "z")))),
  at = c(-4, 0, 4), values = values(hospitals, c(-4, 0, 4)),
  # in how many hospitals a group of x has no event
  without_events = sum(apply(table(hospitals$site, hospitals$x, hospitals$event)[, , "1"] == 0, 1, any))
), "pool.json", digits = 15, auto_unbox = TRUE, pretty = TRUE)
