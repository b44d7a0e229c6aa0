#include "feeds/backoff.h"

#include "lazy/curl.h"
#include <string.h>

#define FIRST_WAIT_S 1.0
#define LONGEST_WAIT_S 60.0
#define LONGEST_ASKED_S 3600.0

double afmon_backoff_next(double last_s)
{
    double next_s = last_s == 0 ? FIRST_WAIT_S : last_s * 2;
    return next_s < LONGEST_WAIT_S ? next_s : LONGEST_WAIT_S;
}

double afmon_backoff_wait(double backoff_s, double asked_s, double chance)
{
    return asked_s >= 0 ? asked_s : backoff_s * (1 - chance / 4);
}

/* Below 0: not a number of seconds, blanks behind it aside. */
static double seconds_of(const char *text)
{
    double value = 0;
    size_t digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9'; digits++)
        value = value * 10 + (text[digits] - '0');
    const char *rest = text + digits;
    return digits > 0 && rest[strspn(rest, " \t\r\n")] == '\0' ? value : -1;
}

double afmon_backoff_asked(const char *value, time_t now)
{
    value += strspn(value, " \t");
    double seconds = seconds_of(value);
    if (seconds < 0) {
        time_t date = curl_getdate(value, NULL);
        if (date == (time_t)-1)
            return -1;
        seconds = date > now ? difftime(date, now) : 0;
    }
    return seconds < LONGEST_ASKED_S ? seconds : LONGEST_ASKED_S;
}
