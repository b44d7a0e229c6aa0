/* Amounts of money, for the command, too, which has a copy of this. */
#include <math.h>
#include <stdio.h>

#include "base/words.h"

#define DECIMALS_MAX 12

/* Of three significant digits, but never fewer than cents. */
static int decimals_of(double size)
{
    int decimals = 2;
    for (double at = 0.9995; size > 0 && size < at && decimals < DECIMALS_MAX; at /= 10)
        decimals++;
    return decimals;
}

struct afmon_words afmon_words_dollars(double usd)
{
    struct afmon_words words;
    double size = fabs(usd);
    const char *sign = usd < 0 ? "-$" : "$";
    if (!isfinite(usd) || size >= 1e15) {
        snprintf(words.text, sizeof words.text, "%s%s", isfinite(usd) ? sign : "", isfinite(usd) ? "1e15+" : "-");
        return words;
    }
    int decimals = size >= 999.995 ? 0 : decimals_of(size);
    double scale = pow(10, decimals);
    unsigned long long all = (unsigned long long)(size * scale + 0.5);
    unsigned long long one = (unsigned long long)scale;
    if (decimals == 0)
        snprintf(words.text, sizeof words.text, "%s%.32s", sign, afmon_words_count(all).text);
    else
        snprintf(words.text, sizeof words.text, "%s%llu.%0*llu", sign, all / one, decimals, all % one);
    return words;
}
