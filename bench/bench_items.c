/* The items behind a figure: the first page of a run of 100,000 conversations (or as many as the argument behind the
 * folder says), each made by two calls, beside reading the same bytes. */
#include <afmon/afmon.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

enum { PAGE = 50, ROUNDS = 15, BEGUN_EVERY_MS = 360, CALLS = 2 };

/* ---- The run ---- */

struct event {
    int64_t time_us;
    long item;
    int what; /* 0: begins; 1, 2: a call; 3: ends */
};

static int compare(const void *left, const void *right)
{
    const struct event *a = left;
    const struct event *b = right;
    int order = (a->time_us > b->time_us) - (a->time_us < b->time_us);
    return order != 0 ? order : a->what - b->what;
}

/* A share of them fails, and as many are rejected. */
static const char *outcome_of(long item)
{
    return item % 100 == 3   ? "\"outcome\": \"failed\", \"error_type\": \"RateLimitError\""
           : item % 100 == 7 ? "\"outcome\": \"rejected\", \"reason\": \"grade\""
                             : "\"outcome\": \"accepted\"";
}

static void write_line(FILE *file, const char *metric, double value, const char *more, const struct event *event)
{
    int64_t second = event->time_us / 1000000;
    fprintf(file,
            "{\"metric\": \"%s\", \"value\": %.3f, %s, \"item_id\": %ld, \"timestamp\": "
            "\"2026-11-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%06" PRId64 "+00:00\"}\n",
            metric, value, more, event->item, 1 + second / 86400, second / 3600 % 24, second / 60 % 60, second % 60,
            event->time_us % 1000000);
}

static void write_event(FILE *file, const struct event *event, double took_s)
{
    static const char call[] = "\"model_name\": \"gpt-4o\", \"operation\": \"answer_generation\"";
    static const char *const tokens[] = {"prompt_token_count", "completion_token_count", "total_token_count"};
    char more[160];
    bool bad = event->what == CALLS && event->item % 100 == 3;
    if (event->what == 0) {
        write_line(file, "item_started", 1, "\"kind\": \"conversation\"", event);
    } else if (event->what > CALLS) {
        snprintf(more, sizeof more, "\"kind\": \"conversation\", %s, \"attempts\": 1", outcome_of(event->item));
        write_line(file, "item_time", took_s, more, event);
    } else {
        write_line(file, "generation_time", took_s / 3, call, event);
        write_line(file, "success_rate", !bad, call, event);
        write_line(file, "error_rate", bad, call, event);
        for (size_t i = 0; i < 3; i++)
            write_line(file, tokens[i], (double)(event->item % 900), call, event);
    }
}

static void write_run(const char *path, long items)
{
    size_t count = (size_t)items * (CALLS + 2);
    struct event *events = malloc(count * sizeof *events);
    FILE *file = fopen(path, "w");
    if (events == NULL || file == NULL)
        bench_die(path);
    for (size_t i = 0; i < count; i++) {
        long item = (long)(i / (CALLS + 2));
        int what = (int)(i % (CALLS + 2));
        int64_t took_us = 1000000 + (item * 7919) % 19000 * 1000;
        events[i] = (struct event){item * BEGUN_EVERY_MS * 1000 + what * took_us / (CALLS + 1), item, what};
    }
    qsort(events, count, sizeof *events, compare);
    for (size_t i = 0; i < count; i++)
        write_event(file, &events[i], 1 + (double)((events[i].item * 7919) % 19000) / 1e3);
    free(events);
    if (fclose(file) != 0)
        bench_die(path);
}

/* ---- Reading it ---- */

static double read_bytes(const char *path, uint64_t *bytes)
{
    static char piece[1 << 20];
    int64_t began = bench_ns();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;
    *bytes = 0;
    while (fd >= 0 && (got = read(fd, piece, sizeof piece)) > 0)
        *bytes += (uint64_t)got;
    if (fd < 0)
        bench_die(path);
    close(fd);
    return (double)(bench_ns() - began) / 1e9;
}

/* Seconds until so many items are there (0: all); *count is how many there were. */
static double read_items(const char *folder, const afmon_item_query *query, uint64_t most, uint64_t *count)
{
    afmon_error error = {0};
    afmon_item_reader *reader = NULL;
    const afmon_found_item *item = NULL;
    int64_t began = bench_ns();
    afmon_status status = afmon_item_reader_open(folder, query, &reader, &error);
    *count = 0;
    while (status == AFMON_OK && (most == 0 || *count < most) &&
           (status = afmon_item_reader_next(reader, &item, &error)) == AFMON_OK && item != NULL)
        ++*count;
    afmon_item_reader_close(reader);
    if (status != AFMON_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    return (double)(bench_ns() - began) / 1e9;
}

static void measure(const char *what, const char *folder, const afmon_item_query *query, uint64_t most, double bytes_s)
{
    double times[ROUNDS];
    uint64_t count = 0;
    size_t rounds = most == 0 ? 3 : ROUNDS;
    for (size_t i = 0; i < rounds; i++)
        times[i] = read_items(folder, query, most, &count);
    double median_s = bench_median(times, rounds);
    printf("%-34s %8.1f ms  %6.3f times reading the bytes  (%" PRIu64 " items)\n", what, median_s * 1e3,
           median_s / bytes_s, count);
}

int main(int argc, char **argv)
{
    long items = argc > 2 ? strtol(argv[2], NULL, 10) : 100000;
    char path[4096];
    uint64_t bytes;
    afmon_item_query query;
    if (argc < 2 || items <= 0) {
        (void)fprintf(stderr, "usage: bench_items FOLDER [ITEMS]\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/metrics.jsonl", argv[1]);
    write_run(path, items);
    (void)read_bytes(path, &bytes); /* into the page cache */
    double bytes_s = read_bytes(path, &bytes);
    printf("%ld conversations, %.0f MB; reading the bytes %.1f ms\n", items, (double)bytes / 1e6, bytes_s * 1e3);
    afmon_item_query_init(&query);
    measure("first page, of any (must: 200 ms)", argv[1], &query, PAGE, bytes_s);
    query.states = 1U << AFMON_ITEM_FAILED;
    measure("first page, of 1 % (must: 200 ms)", argv[1], &query, PAGE, bytes_s);
    query.states = 1U << AFMON_ITEM_OPEN;
    measure("none fits: all is read", argv[1], &query, 0, bytes_s);
    query.states = 0;
    measure("all of them", argv[1], &query, 0, bytes_s);
    query.id = "17";
    measure("one by its id: all is read", argv[1], &query, 0, bytes_s);
    return 0;
}
