#include "base/civil.h"

#define SECONDS_PER_DAY 86400
#define DAYS_PER_ERA 146097        /* 400 years */
#define EPOCH_IN_MARCH_DAYS 719468 /* 0000-03-01 to 1970-01-01 */

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* Years are counted from March, so that a leap day is the last of its year: day number of a March-based month m is then
 * (153 m + 2) / 5 (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t march_year = (int64_t)year - (month <= 2);
    int64_t era = floor_divide(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t march_month = (month + 9) % 12;
    int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_IN_MARCH_DAYS;
}

static void date_from_days(int64_t days, struct afmon_civil *civil)
{
    days += EPOCH_IN_MARCH_DAYS;
    int64_t era = floor_divide(days, DAYS_PER_ERA);
    int64_t day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    civil->day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    civil->month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    civil->year = (int)(year_of_era + era * 400 + (civil->month <= 2));
}

struct afmon_civil afmon_civil_from_seconds(int64_t seconds)
{
    struct afmon_civil civil;
    int64_t days = floor_divide(seconds, SECONDS_PER_DAY);
    int rest = (int)(seconds - days * SECONDS_PER_DAY);
    date_from_days(days, &civil);
    civil.hour = rest / 3600;
    civil.minute = rest / 60 % 60;
    civil.second = rest % 60;
    return civil;
}

int64_t afmon_civil_to_seconds(const struct afmon_civil *civil)
{
    return days_from_date(civil->year, civil->month, civil->day) * SECONDS_PER_DAY + civil->hour * 3600 +
           civil->minute * 60 + civil->second;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (leap && month == 2);
}

bool afmon_civil_exists(const struct afmon_civil *civil)
{
    if (civil->month < 1 || civil->month > 12 || civil->day < 1)
        return false;
    return civil->day <= days_in_month(civil->year, civil->month) && civil->hour >= 0 && civil->hour <= 23 &&
           civil->minute >= 0 && civil->minute <= 59 && civil->second >= 0 && civil->second <= 60;
}
