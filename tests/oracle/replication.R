# Reference values for the verdicts, from R. Run from this folder:  Rscript replication.R
# Writes replication.json; reads data/*.csv, which oracle.R writes.
suppressMessages({library(survival); library(jsonlite); library(coin)})

# ---- prediction of a proportion: the score test of two samples, inverted numerically ------------
pairs <- data.frame(y = c(30, 20, 0, 12, 2, 60, 5), m = c(47, 47, 12, 12, 7, 500, 5),
                    x = c(38, 38, 3, 38, 2, 3, 38), n = c(47, 47, 47, 47, 7, 47, 47))
score <- function(u, m, x, n) {           # squared pooled z; u need not be a whole number over m
  s <- (u * m + x) / (m + n)
  (u - x / n)^2 / (s * (1 - s) * (1 / m + 1 / n))
}
bounds <- function(m, x, n, level) {
  crit <- qnorm(1 - (1 - level) / 2)^2
  f <- function(u) score(u, m, x, n) - crit
  edge <- function(far) if (f(far) <= 0) far else uniroot(f, sort(c(far, x / n)), tol = 1e-14)$root
  c(edge(1e-12), edge(1 - 1e-12))
}
newcombe <- function(y, m, x, n, level) { # method 10, from the two Wilson intervals of prop.test
  w <- function(k, n) suppressWarnings(prop.test(k, n, conf.level = level, correct = FALSE))$conf.int
  a <- w(y, m); b <- w(x, n); d <- y / m - x / n
  c(d, d - sqrt((y / m - a[1])^2 + (b[2] - x / n)^2), d + sqrt((a[2] - y / m)^2 + (x / n - b[1])^2))
}
rates <- lapply(seq_len(nrow(pairs)), function(i) with(pairs[i, ], list(
  y = y, m = m, x = x, n = n,
  p = suppressWarnings(prop.test(c(y, x), c(m, n), correct = FALSE))$p.value,
  predicted95 = bounds(m, x, n, 0.95), predicted80 = bounds(m, x, n, 0.80),
  wilson = as.numeric(suppressWarnings(prop.test(y, m, correct = FALSE))$conf.int),
  difference = newcombe(y, m, x, n, 0.95))))

# ---- exact coverage of prediction intervals, all outcomes of both samples enumerated ------------
# p-values of y of m given x of n; an interval holds what has p >= 0.05
methods <- list(
  score = function(y, m, x, n) {
    s <- (y + x) / (m + n); v <- s * (1 - s) * (1 / m + 1 / n)
    2 * pnorm(-ifelse(v > 0, abs(y / m - x / n) / sqrt(v), 0))
  },
  midp = function(y, m, x, n) {           # Thatcher 1964, halving the observed outcome
    below <- phyper(y - 1, m, n, x + y) + dhyper(y, m, n, x + y) / 2
    pmin(1, 2 * pmin(below, 1 - below))
  },
  arcsine = function(y, m, x, n)
    2 * pnorm(-abs(asin(sqrt(y / m)) - asin(sqrt(x / n))) / sqrt(1 / (4 * m) + 1 / (4 * n))),
  cloglog = function(y, m, x, n) {        # both variances at the earlier value
    s <- x / n; g <- function(u) log(-log(u))
    z <- abs(g(y / m) - g(s)) / sqrt((1 - s) / (s * log(s)^2) * (1 / m + 1 / n))
    ifelse(is.nan(z), 1, 2 * pnorm(-z))
  })
coverage <- function(p, truth, m, n) {
  o <- expand.grid(y = 0:m, x = 0:n)
  sum(dbinom(o$y, m, truth) * dbinom(o$x, n, truth) * (p(o$y, m, o$x, n) >= 0.05))
}
cover <- do.call(rbind, lapply(list(c(38, 47), c(3, 47), c(2, 7)), function(paper)
  do.call(rbind, lapply(c(2, 3, 5, 12, 47, 200, 1000), function(m) data.frame(
    x = paper[1], n = paper[2], m = m,
    lapply(methods, coverage, paper[1] / paper[2], m, paper[2]))))))

# ---- effective sample size: S (1 - S) / Greenwood's variance -----------------------------------
sizes <- list()
for (name in c("lung", "veteran", "ovarian", "leukemia", "tied", "half", "dropout", "nomedian")) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  f <- survfit(Surv(time, event) ~ 1, data = d)
  at <- quantile(d$time, c(.25, .5, .75), names = FALSE, type = 1)
  s <- summary(f, times = at)
  ok <- s$surv > 0 & s$surv < 1
  sizes[[name]] <- list(day = at[ok], surv = s$surv[ok],
                        size = (s$surv * (1 - s$surv) / s$std.err^2)[ok])
}

# ---- the log-rank test by permutation: exact tails, twice the smaller ---------------------------
permuted <- function(name, kept = TRUE) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  d <- d[kept, ]
  d$group <- factor(d$group)
  tail <- function(side) as.numeric(pvalue(logrank_test(Surv(time, event) ~ group, data = d,
    distribution = "exact", ties.method = "mid-ranks", alternative = side)))
  f <- survdiff(Surv(time, event) ~ group, data = d)
  list(name = name, rows = seq_len(nrow(read.csv(file.path("data", paste0(name, ".csv")))))[kept],
       smaller = min(table(d$group)), excess = unname(f$obs[2] - f$exp[2]),
       p = min(1, 2 * tail("less"), 2 * tail("greater")))
}
permutation <- list(permuted("tied"), permuted("half"), permuted("ovarian"), permuted("leukemia"),
                    permuted("ovarian", c(1:13, 14:16)), permuted("leukemia", c(1:5, 22:29)))

# ---- practically the same: the 90 % interval of the difference inside the margin ----------------
same <- data.frame(y = c(160, 150, 30, 26, 12, 480), m = c(200, 200, 47, 400, 200, 600),
                   x = c(38, 38, 38, 3, 3, 700), n = c(47, 47, 47, 47, 47, 866))
same <- lapply(seq_len(nrow(same)), function(i) with(same[i, ], {
  d <- newcombe(y, m, x, n, 0.90); margin <- sin(asin(sqrt(x / n)) + c(-0.2, 0.2))^2
  list(y = y, m = m, x = x, n = n, margin = margin, lower = d[2], upper = d[3],
       same = x / n + d[2] >= margin[1] && x / n + d[3] <= margin[2])
}))

# ---- power -------------------------------------------------------------------------------------
schoenfeld <- function(d, share, hr, r2 = 0)
  pnorm(sqrt(d * share * (1 - share) * (1 - r2)) * abs(log(hr)) - qnorm(0.975))
hazard <- data.frame(events = c(30, 30, 200, 8), share = c(.5, 11 / 47, .3, .5),
                     hr = c(1.9, 1.9, 1.9, 3), r2 = c(0, .2, .1, 0))
hazard$power <- with(hazard, schoenfeld(events, share, hr, r2))
fisher_power <- function(a, b, k, or) {   # every table: p from fisher.test, weight noncentral
  counts <- max(0, k - b):min(a, k)
  p <- sapply(counts, function(x) fisher.test(matrix(c(x, a - x, k - x, b - k + x), 2))$p.value)
  w <- choose(a, counts) * choose(b, k - counts) * or^counts
  towards <- if (or > 1) counts > a * k / (a + b) else counts < a * k / (a + b)
  sum((w / sum(w))[p < 0.05 & towards])
}
hazard$n <- c(47, 47, 400, 12)
hazard$needed <- with(hazard, ceiling((qnorm(0.975) + qnorm(0.8))^2 /
                                      (share * (1 - share) * (1 - r2) * log(hr)^2 * events / n)))
# the sceptical p by its definition: the doubter's z at which (z1²/z² − 1)(z2²/z² − 1) is the ratio
sceptical <- data.frame(original = c(2.5, 3.1, 2.2, 2, 2.6, 2), replication = c(2.1, 1.4, 4, 0.3, -1.2, 2),
                        ratio = c(1, 2, 0.3, 5, 0.7, 1))
sceptical$p <- with(sceptical, mapply(function(a, b, c) {
  z <- uniroot(function(z) (a^2 / z^2 - 1) * (b^2 / z^2 - 1) - c, c(1e-9, min(abs(a), abs(b))), tol = 1e-14)$root
  if (a * b > 0) pnorm(-z) else pnorm(z)
}, original, replication, ratio))
or <- exp(0.5 * pi / sqrt(3))
odds <- data.frame(exposed = c(7, 30, 12, 7), others = c(40, 170, 12, 40), outcomes = c(38, 160, 12, 9),
                   or = c(1 / or, 1 / or, or, or))
odds$power <- mapply(fisher_power, odds$exposed, odds$others, odds$outcomes, odds$or)
cars <- with(mtcars, list(am = am, vs = vs, big = as.numeric(cyl > 4),
                          explained = summary(lm(am ~ vs + I(cyl > 4)))$r.squared))

p <- c(0.0204, 0.0015, 0.3, 0.049, 0.012, 0.9, 0.0001)
write_json(list(
  r = R.version.string, survival = as.character(packageVersion("survival")),
  rates = rates, coverage = cover, sizes = sizes, hazard = hazard, odds = odds,
  permutation = permutation,
  same = same, sceptical = sceptical,
  moderate = list(hazard_ratio = exp(0.5 * pi / sqrt(6)), odds_ratio = or), cars = cars,
  holm = list(p = p, adjusted = p.adjust(p, "holm"))
), "replication.json", digits = 15, auto_unbox = TRUE, pretty = TRUE)
