# Reference values for what is told before a verdict, from R. Run from this folder:
#   Rscript diagnostics.R
# Writes diagnostics.json; reads data/*.csv, which oracle.R writes.
suppressMessages({library(survival); library(jsonlite)})

# ---- rates that would be told from a published one: every count tested by prop.test ------------
solve <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-14)$root
rates <- data.frame(m = c(47, 47, 12, 7, 200, 14, 5), x = c(38, 3, 38, 2, 38, 11, 2),
                    n = c(47, 47, 47, 7, 47, 47, 7))
rates <- lapply(seq_len(nrow(rates)), function(i) with(rates[i, ], {
  p <- suppressWarnings(sapply(0:m, function(y) prop.test(c(y, x), c(m, n), correct = FALSE)$p.value))
  differs <- !is.nan(p) & p < 0.05
  below <- max(-1, which(differs & 0:m / m < x / n) - 1)
  above <- min(m + 1, which(differs & 0:m / m > x / n) - 1)
  seen <- function(chance) list(
    lower = if (below < 0) NULL else solve(function(q) pbinom(below, m, q) - chance, 1e-12, 1 - 1e-12),
    upper = if (above > m) NULL else
      solve(function(q) pbinom(above - 1, m, q, lower.tail = FALSE) - chance, 1e-12, 1 - 1e-12))
  list(m = m, x = x, n = n, p80 = seen(0.8), p50 = seen(0.5))
}))

# ---- ratios: power of Schoenfeld, and of fisher.test on every table, solved for the ratio -------
schoenfeld <- function(d, share, hr, r2)
  pnorm(sqrt(d * share * (1 - share) * (1 - r2)) * log(hr) - qnorm(0.975))
hazard <- data.frame(events = c(30, 32, 200, 8), share = c(.5, 10 / 47, .3, .5), r2 = c(0, .2, .1, 0))
hazard$seen <- mapply(function(d, s, r2)
  exp(solve(function(l) schoenfeld(d, s, exp(l), r2) - 0.8, 0, 20)), hazard$events, hazard$share, hazard$r2)
fisher_power <- function(a, b, k, or) {
  counts <- max(0, k - b):min(a, k)
  p <- sapply(counts, function(x) fisher.test(matrix(c(x, a - x, k - x, b - k + x), 2))$p.value)
  w <- choose(a, counts) * choose(b, k - counts) * or^(counts - min(counts))
  sum((w / sum(w))[p < 0.05 & counts < a * k / (a + b)])
}
odds <- data.frame(exposed = c(7, 30, 12, 10), others = c(40, 170, 12, 30), outcomes = c(38, 160, 12, 31))
odds$seen <- mapply(function(a, b, k)
  exp(solve(function(l) fisher_power(a, b, k, exp(l)) - 0.8, -15, 0)), odds$exposed, odds$others, odds$outcomes)

# ---- completeness of follow-up: person-years by pyears ------------------------------------------
read <- function(name) read.csv(file.path("data", paste0(name, ".csv")))
sum_days <- function(t) pyears(Surv(t, rep(1, length(t))) ~ 1, scale = 1)$pyears
completeness <- list()
for (name in c("lung", "leukemia", "ovarian")) for (day in c(100, 365)) {
  d <- read(name)
  gone <- d$time < day & d$event == 0
  here <- pmin(d$time, day)
  completeness[[length(completeness) + 1]] <- list(name = name, day = day,
    followed = mean(!gone), completeness = sum_days(here) / sum_days(ifelse(gone, day, here)))
}

# ---- events expected of the first year: the one-sample log-rank test of survdiff ----------------
expected <- list()
for (name in c("lung", "ovarian", "veteran")) for (s in c(0.53, 0.45)) {
  d <- read(name)
  t <- pmin(d$time, 365)
  f <- survdiff(Surv(t, d$event == 1 & d$time <= 365) ~ offset(s^(t / 365)))
  expected[[length(expected) + 1]] <- list(name = name, survival = s, observed = unname(f$obs),
                                           expected = unname(f$exp))
}

# ---- counts: mid-p limits, and poisson.test for two rates ---------------------------------------
midp <- function(k) {
  more <- function(m) ppois(k, m, lower.tail = FALSE) + dpois(k, m) / 2
  c(if (k == 0) 0 else solve(function(m) more(m) - 0.025, 1e-12, 3 * k + 50),
    solve(function(m) more(m) - 0.975, 1e-12, 3 * k + 50))
}
poisson <- lapply(c(0, 1, 3, 21, 150), function(k) list(events = k, limits = midp(k)))
ratio <- data.frame(events = c(0, 3, 21, 40), exposure = c(4.2, 5.5, 20.7, 31), others = c(21, 21, 12, 9))
ratio <- lapply(seq_len(nrow(ratio)), function(i) with(ratio[i, ], list(events = events,
  exposure = exposure, others = others,
  limits = as.numeric(poisson.test(c(events, others), c(exposure, others))$conf.int))))

# ---- funnel limits: Spiegelhalter 2005, A.1.1, by search over the counts ------------------------
limit <- function(target, n, p) {
  r <- 0
  while (pbinom(r, n, target) <= p) r <- r + 1
  (r - (pbinom(r, n, target) - p) / dbinom(r, n, target)) / n
}
funnel <- list()
for (target in c(0.53, 0.81)) for (n in c(5, 12, 47, 300)) for (coverage in c(0.95, 0.998)) {
  ends <- pmin(1, pmax(0, c(limit(target, n, (1 - coverage) / 2), limit(target, n, (1 + coverage) / 2))))
  inside <- 0:n / n >= ends[1] & 0:n / n <= ends[2]
  funnel[[length(funnel) + 1]] <- list(target = target, n = n, coverage = coverage, limits = ends,
                                       alarm = 1 - sum(dbinom(0:n, n, target)[inside]))
}

write_json(list(r = R.version.string, rates = rates, hazard = hazard, odds = odds,
  completeness = completeness, expected = expected, poisson = poisson, ratio = ratio,
  funnel = funnel), "diagnostics.json", digits = 15, auto_unbox = TRUE, pretty = TRUE, null = "null")
