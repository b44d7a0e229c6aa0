#include "plot/numbers.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/words.h"

#define MINUS "\xe2\x88\x92" /* U+2212 */
#define EXACT 9e15           /* whole numbers below are exact, and fit an int64_t */

void afmon_range_add(struct afmon_range *range, double value)
{
    if (!isfinite(value))
        return;
    value = value > AFMON_PLOT_LARGEST ? AFMON_PLOT_LARGEST : value < -AFMON_PLOT_LARGEST ? -AFMON_PLOT_LARGEST : value;
    range->low = !range->any || value < range->low ? value : range->low;
    range->high = !range->any || value > range->high ? value : range->high;
    range->any = true;
}

struct afmon_range afmon_axis_range(struct afmon_range data, bool from_zero)
{
    double low = data.any ? data.low : 0;
    double high = data.any ? data.high : 1;
    double largest = fmax(fabs(low), fabs(high));
    bool flat = high - low <= largest * 1e-9;
    if (largest < 1e-290) /* as good as zero */
        return (struct afmon_range){0, 1, true};
    if (flat || from_zero || (low > 0 && low < high / 2))
        low = fmin(low, 0);
    if (flat || (high < 0 && high > low / 2))
        high = fmax(high, 0);
    double room = flat ? largest / 5 : 0;
    return (struct afmon_range){low < 0 ? low - room : low, high > 0 ? high + room : high, true};
}

/* ---- Units ---- */

struct unit {
    double factor; /* a number is value / factor */
    const char *suffix;
    const char *name;
    int power; /* of ten, where there is no suffix for it */
};

static struct unit seconds_unit(double largest)
{
    static const struct unit units[] = {{1e-9, "", "nanoseconds", 0},  {1e-6, "", "microseconds", 0},
                                        {1e-3, "", "milliseconds", 0}, {1, "", "seconds", 0},
                                        {60, "", "minutes", 0},        {3600, "", "hours", 0},
                                        {86400, "", "days", 0}};
    static const double up_to[] = {1e-6, 1e-3, 1, 600, 3 * 3600, 3 * 86400};
    size_t i = 0;
    while (i < 6 && largest >= up_to[i])
        i++;
    return largest == 0 ? units[3] : units[i];
}

static struct unit number_unit(double largest)
{
    static const struct unit units[] = {
        {1, "", "", 0}, {1e3, "k", "", 0}, {1e6, "M", "", 0}, {1e9, "G", "", 0}, {1e12, "T", "", 0}};
    if (largest == 0 || (largest >= 1e-3 && largest < 1e4))
        return units[0];
    if (largest >= 1e4 && largest < 1e15)
        return units[largest < 1e6 ? 1 : largest < 1e9 ? 2 : largest < 1e12 ? 3 : 4];
    if (!isfinite(largest))
        return units[0];
    int power = (int)floor(log10(fmax(largest, 1e-300)) / 3) * 3; /* ten to a lesser power is no divisor */
    return (struct unit){pow(10, power), "", "", power};
}

static struct unit unit_of(enum afmon_quantity quantity, double largest)
{
    if (quantity == AFMON_QUANTITY_SECONDS)
        return seconds_unit(largest);
    if (quantity == AFMON_QUANTITY_PERCENT)
        return (struct unit){0.01, "%", "", 0};
    if (quantity == AFMON_QUANTITY_DOLLARS && largest < 1e4)
        return (struct unit){1, "", "", 0};
    return number_unit(largest);
}

static void power_text(char *out, size_t size, int power)
{
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char plain[12];
    snprintf(plain, sizeof plain, "%d", power);
    size_t at = (size_t)snprintf(out, size, "×10");
    for (const char *c = plain; *c != '\0' && at < size; c++)
        at += (size_t)snprintf(out + at, size - at, "%s", *c == '-' ? "⁻" : digits[*c - '0']);
}

/* ---- Texts ---- */

static size_t add_grouped(char *out, uint64_t whole)
{
    char digits[24];
    size_t count = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)whole);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return at;
}

void afmon_count_text(char out[AFMON_VALUE_TEXT_SIZE], unsigned long long count)
{
    add_grouped(out, count);
}

/* Not by printf: the decimal point must not depend on the locale. */
static size_t fixed_text(char *out, double value, unsigned decimals)
{
    double power = pow(10, decimals);
    double scaled = round(fabs(value) * power);
    size_t at = 0;
    if (value < 0 && scaled > 0)
        at += (size_t)sprintf(out, MINUS);
    if (!(scaled < EXACT)) {
        at += afmon_format_double(out + at, fabs(value));
        out[at] = '\0';
        return at;
    }
    uint64_t all = (uint64_t)scaled;
    uint64_t unit = (uint64_t)power;
    at += add_grouped(out + at, all / unit);
    if (decimals > 0)
        at += (size_t)sprintf(out + at, ".%0*llu", (int)decimals, (unsigned long long)(all % unit));
    return at;
}

static unsigned decimals_for(double number, int digits)
{
    double size = fabs(number);
    if (size == 0 || !isfinite(size))
        return 0;
    int before = (int)floor(log10(size)) + 1;
    int decimals = digits - before;
    return decimals < 0 ? 0U : decimals > 12 ? 12U : (unsigned)decimals;
}

static const char *short_name(const struct unit *unit)
{
    static const struct {
        double factor;
        const char *text;
    } names[] = {{1e-9, " ns"}, {1e-6, " µs"}, {1e-3, " ms"}, {1, " s"}, {60, " min"}, {3600, " h"}, {86400, " d"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (unit->factor == names[i].factor)
            return names[i].text;
    return "";
}

void afmon_value_text(char out[AFMON_VALUE_TEXT_SIZE], double value, enum afmon_quantity quantity)
{
    if (quantity == AFMON_QUANTITY_DOLLARS) {
        snprintf(out, AFMON_VALUE_TEXT_SIZE, "%.47s", afmon_words_dollars(value).text);
        return;
    }
    struct unit unit = unit_of(quantity, fabs(value));
    double number = value / unit.factor;
    bool whole = quantity == AFMON_QUANTITY_NUMBER && unit.factor == 1 && number == floor(number);
    unsigned decimals = whole ? 0 : decimals_for(number, 3);
    if (quantity == AFMON_QUANTITY_PERCENT)
        decimals = number == 0 || number == 100 ? 0 : fabs(number) < 1 ? 2 : 1;
    size_t at = fixed_text(out, number, decimals);
    if (unit.power != 0)
        power_text(out + at, AFMON_VALUE_TEXT_SIZE - at, unit.power);
    else
        snprintf(out + at, AFMON_VALUE_TEXT_SIZE - at, "%s",
                 quantity == AFMON_QUANTITY_SECONDS ? short_name(&unit) : unit.suffix);
}

/* ---- Ticks ---- */

double afmon_nice_step(double raw)
{
    double power = pow(10, floor(log10(raw)));
    double digit = raw / power;
    return (digit <= 1 + 1e-9 ? 1 : digit <= 2 + 1e-9 ? 2 : digit <= 5 + 1e-9 ? 5 : 10) * power;
}

static unsigned tick_decimals(double step)
{
    double power = floor(log10(step) + 1e-9);
    return power >= 0 ? 0U : power < -12 ? 12U : (unsigned)-power;
}

/* Dollars have cents, or none. */
static size_t tick_text(char *out, double number, double step, enum afmon_quantity quantity)
{
    unsigned decimals = tick_decimals(step);
    if (quantity != AFMON_QUANTITY_DOLLARS)
        return fixed_text(out, number, decimals);
    *out = '$';
    return 1 + fixed_text(out + 1, number, decimals == 1 ? 2 : decimals);
}

/* Where the numbers hardly differ, a suffix would need many decimals: then they are written out. */
static struct unit tick_unit(struct afmon_range axis, enum afmon_quantity quantity, unsigned wanted)
{
    double largest = fmax(fabs(axis.low), fabs(axis.high));
    struct unit unit = unit_of(quantity, largest);
    double step = afmon_nice_step((axis.high - axis.low) / unit.factor / wanted);
    if (quantity == AFMON_QUANTITY_NUMBER && unit.power == 0 && step < 1e-3 && unit.factor > 1)
        return (struct unit){1, "", "", 0};
    return unit;
}

void afmon_number_ticks(struct afmon_ticks *ticks, struct afmon_range axis, unsigned wanted,
                        enum afmon_quantity quantity, bool extend)
{
    struct unit unit = tick_unit(axis, quantity, wanted);
    double low = axis.low / unit.factor;
    double high = axis.high / unit.factor;
    double step = afmon_nice_step((high - low) / wanted);
    double first = extend ? floor(low / step + 1e-9) : ceil(low / step - 1e-9);
    double last = extend ? ceil(high / step - 1e-9) : floor(high / step + 1e-9);
    memset(ticks, 0, sizeof *ticks);
    ticks->low = extend ? first * step * unit.factor : axis.low;
    ticks->high = extend ? last * step * unit.factor : axis.high;
    for (double at = first; at <= last && ticks->count < AFMON_TICKS_MAX; at++) {
        struct afmon_tick *tick = &ticks->list[ticks->count++];
        double number = at * step;
        tick->at = number * unit.factor;
        size_t length = tick_text(tick->label, number, step, quantity);
        if (number != 0 || *unit.suffix == '%')
            snprintf(tick->label + length, sizeof tick->label - length, "%s", unit.suffix);
    }
    if (unit.power != 0)
        power_text(ticks->unit, sizeof ticks->unit, unit.power);
    else
        snprintf(ticks->unit, sizeof ticks->unit, "%s", unit.name);
}
