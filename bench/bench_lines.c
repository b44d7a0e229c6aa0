/* What a line of metrics.jsonl costs: ns per afmon_line_sample for three kinds of values, beside memcpy of the very
 * same bytes. Each figure is the best of several rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/lines.h"

#define LINES 10000
#define ROUNDS 60
#define METADATA "\"model_name\": \"gpt-4o-mini\", "

static double values[LINES];

static uint64_t next_random(void)
{
    static uint64_t state = 20261123;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state >> 11;
}

static double digits_17(void)
{
    return (double)next_random() / 9007199254740992.0 * 10;
}

static double whole_ns(void)
{
    return (double)(next_random() % UINT64_C(10000000000)) / 1e9;
}

static double whole(void)
{
    return (double)(next_random() % 8192);
}

static double ns_per_line(int64_t began)
{
    return (double)(afmon_boot_ns() - began) / LINES;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static void write_lines(struct afmon_buffer *buffer, const struct afmon_buffer *prefix)
{
    struct afmon_timestamp_cache cache = {.filled = false};
    int64_t wall_ns = INT64_C(1795425635000123456);
    afmon_buffer_clear(buffer);
    for (size_t i = 0; i < LINES; i++) {
        wall_ns += 20000;
        afmon_line_sample(buffer, prefix->data, prefix->length, values[i], METADATA, sizeof METADATA - 1, &cache,
                          wall_ns);
    }
}

/* The same bytes, a line at a time. */
static void copy_lines(char *target, const struct afmon_buffer *lines)
{
    for (const char *at = lines->data, *end = at + lines->length, *next; at < end; at = next) {
        next = at + lines->length / LINES;
        if (next > end)
            next = end;
        memcpy(target + (at - lines->data), at, (size_t)(next - at));
        __asm__ volatile("" ::: "memory");
    }
}

static int measure(const char *label, double (*make)(void), double target_ns, const struct afmon_buffer *prefix)
{
    struct afmon_buffer lines;
    afmon_buffer_init(&lines, SIZE_MAX);
    for (size_t i = 0; i < LINES; i++)
        values[i] = make();
    double line_ns = 1e9;
    double copy_ns = 1e9;
    char *target = NULL;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t began = afmon_boot_ns();
        write_lines(&lines, prefix);
        line_ns = least(line_ns, ns_per_line(began));
        if (lines.failed || (target == NULL && (target = malloc(lines.length)) == NULL)) {
            fputs("out of memory\n", stderr);
            return 1;
        }
        began = afmon_boot_ns();
        copy_lines(target, &lines);
        copy_ns = least(copy_ns, ns_per_line(began));
    }
    printf("%-22s %6.1f ns a line (%3.0f bytes), memcpy %5.1f ns, ratio %4.1f, target %.0f ns: %s\n", label, line_ns,
           (double)lines.length / LINES, copy_ns, line_ns / copy_ns, target_ns,
           line_ns <= target_ns ? "met" : "MISSED");
    free(target);
    afmon_buffer_free(&lines);
    return 0;
}

int main(void)
{
    struct afmon_buffer prefix;
    afmon_buffer_init(&prefix, SIZE_MAX);
    afmon_line_prefix(&prefix, "latency", 7);
    int failed = prefix.failed || measure("17 digits", digits_17, 90, &prefix) ||
                 measure("whole nanoseconds", whole_ns, 60, &prefix) || measure("whole", whole, 60, &prefix);
    afmon_buffer_free(&prefix);
    return failed;
}
