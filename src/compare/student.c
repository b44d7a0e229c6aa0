#include "compare/student.h"

#include <math.h>

#define NORMAL_FROM 1e5
#define STEPS_MAX 2000
#define TINY 1e-300
#define PRECISION 1e-15

static double not_zero(double x)
{
    return fabs(x) < TINY ? TINY : x;
}

/* The continued fraction of the incomplete beta function, by Lentz's method (Press et al., Numerical Recipes, 6.4). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1;
    double d = 1 / not_zero(1 - (a + b) * x / (a + 1));
    double sum = d;
    for (int i = 1; i <= STEPS_MAX; i++) {
        double even = i * (b - i) * x / ((a + 2 * i - 1) * (a + 2 * i));
        double odd = -(a + i) * (a + b + i) * x / ((a + 2 * i) * (a + 2 * i + 1));
        d = 1 / not_zero(1 + even * d);
        c = not_zero(1 + even / c);
        sum *= d * c;
        d = 1 / not_zero(1 + odd * d);
        c = not_zero(1 + odd / c);
        sum *= d * c;
        if (fabs(d * c - 1) < PRECISION)
            break;
    }
    return sum;
}

/* The logarithm of the gamma function; x > 0, so that its sign is known. */
static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* The regularized incomplete beta function; rest is 1 - x, which may be too small to be had from x. */
static double incomplete_beta(double a, double b, double x, double rest)
{
    if (x <= 0)
        return 0;
    if (rest <= 0)
        return 1;
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log(rest));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, rest) / b;
}

double afmon_student_two_sided(double t, double freedom)
{
    double square = t * t;
    if (freedom > NORMAL_FROM)
        return erfc(fabs(t) / sqrt(2));
    if (!(square < INFINITY))
        return isnan(t) ? t : 0;
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + square), square / (freedom + square));
}

double afmon_student_quantile(double p, double freedom)
{
    double low = 0;
    double high = 1;
    while (afmon_student_two_sided(high, freedom) > p && high < 1e300)
        high *= 2;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (afmon_student_two_sided(middle, freedom) > p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}
