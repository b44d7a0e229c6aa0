#include "model/sorted.h"

#include <math.h>

int afmon_by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double afmon_tail_begin(const double *sorted, size_t count, size_t top)
{
    return fmax(1e-9, sorted[count - top - 1]);
}

double afmon_tail_exponent(const double *sorted, size_t count, size_t top)
{
    double base = afmon_tail_begin(sorted, count, top);
    double sum = 0;
    for (size_t i = count - top; i < count; i++)
        sum += log(fmax(base, sorted[i]) / base);
    return sum > 0 ? (double)top / sum : (double)INFINITY;
}
