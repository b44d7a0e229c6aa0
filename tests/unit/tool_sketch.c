/* Lets a script check quantiles and sums against another implementation. A line in, a line out; doubles are the 16 hex
 * digits of their bits.
 *   tool_sketch quantiles EXACT_MAX SKETCHES   "Q..., VALUE..." -> the quantiles, and afmon_sketch_error; the values
 * are dealt out to so many sketches, which are then merged tool_sketch sum                            "VALUE..." ->
 * their sum and mean */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exact_sum.h"
#include "base/sketch.h"

enum { QUANTILES = 100, SKETCHES = 16 };

/* False: no number comes next. */
static bool read_double(const char **text, double *value)
{
    char *end;
    uint64_t bits = strtoull(*text, &end, 16);
    if (end == *text)
        return false;
    memcpy(value, &bits, sizeof *value);
    *text = end;
    return true;
}

static void print_double(double value, char after)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    printf("%016" PRIx64 "%c", bits, after);
}

static void quantiles(const char *line, const struct afmon_sketch_limits *limits, size_t sketches)
{
    struct afmon_sketch sketch[SKETCHES] = {{0}};
    double q[QUANTILES];
    double found[QUANTILES];
    size_t asked = 0;
    while (asked < QUANTILES && read_double(&line, &q[asked]))
        asked++;
    line += *line == ',';
    double value;
    for (size_t i = 0; read_double(&line, &value); i++)
        afmon_sketch_add(&sketch[i % sketches], value, limits);
    for (size_t i = 1; i < sketches; i++)
        afmon_sketch_merge(&sketch[0], &sketch[i], limits);
    afmon_sketch_quantiles(&sketch[0], q, asked, found);
    for (size_t i = 0; i < asked; i++)
        print_double(found[i], ' ');
    print_double(afmon_sketch_error(&sketch[0]), '\n');
    for (size_t i = 0; i < sketches; i++)
        afmon_sketch_free(&sketch[i], limits);
}

static void sum_and_mean(const char *line)
{
    struct afmon_exact_sum sum = {{0}};
    uint64_t count = 0;
    for (double value; read_double(&line, &value); count++)
        afmon_exact_sum_add(&sum, value);
    print_double(afmon_exact_sum_value(&sum), ' ');
    print_double(afmon_exact_sum_mean(&sum, count), '\n');
}

int main(int argc, char **argv)
{
    bool sums = argc == 2 && strcmp(argv[1], "sum") == 0;
    size_t sketches = argc == 4 && strcmp(argv[1], "quantiles") == 0 ? strtoul(argv[3], NULL, 10) : 0;
    if (!sums && (sketches < 1 || sketches > SKETCHES)) {
        fprintf(stderr, "usage: tool_sketch quantiles EXACT_MAX SKETCHES (1 to %d) | sum\n", SKETCHES);
        return 2;
    }
    struct afmon_sketch_limits limits = {.exact_max = sums ? 0 : strtoul(argv[2], NULL, 10)};
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        if (sums)
            sum_and_mean(line);
        else
            quantiles(line, &limits, sketches);
    }
    free(line);
    return 0;
}
