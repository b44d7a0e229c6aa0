/* Reading a run back: afmon_view_open over many lines (10 million, or as many as the argument says), beside reading the
 * same bytes and counting their newlines; then the alert rules over all of it. The lines are those of a generator: six
 * metrics, a few dozen metadata sets, about 150 bytes each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "catalog/lines.h"

#define METRICS 6
#define MODELS 24
#define PIECE ((size_t)1 << 20)

static const char *const names[METRICS] = {"generation_time",    "success_rate",           "error_rate",
                                           "prompt_token_count", "completion_token_count", "total_token_count"};

struct bench {
    char folder[256];
    char path[300];
    uint64_t bytes;
    long lines;
};

static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t next_random(void)
{
    static uint64_t state = 20261123;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state >> 11;
}

static double value_of(int metric)
{
    if (metric == 0)
        return (double)(next_random() % UINT64_C(10000000000)) / 1e9;
    if (metric == 1)
        return next_random() % 20 != 0;
    return metric == 2 ? next_random() % 20 == 0 : (double)(next_random() % 4096);
}

static void add_line(struct afmon_buffer *buffer, const struct afmon_buffer *prefix, int metric,
                     struct afmon_timestamp_cache *cache, int64_t wall_ns)
{
    char metadata[128];
    int length =
        snprintf(metadata, sizeof metadata, "\"model_name\": \"model-%d\", \"operation\": \"answer_generation\", ",
                 (int)(next_random() % MODELS));
    afmon_line_sample(buffer, prefix->data, prefix->length, value_of(metric), metadata, (size_t)length, cache, wall_ns);
}

static void flush_lines(struct bench *bench, int fd, struct afmon_buffer *buffer)
{
    int failure = buffer->failed ? ENOMEM : afmon_write_all(fd, buffer->data, buffer->length, NULL);
    if (failure != 0) {
        errno = failure;
        give_up(bench->path);
    }
    bench->bytes += buffer->length;
    afmon_buffer_clear(buffer);
}

static void write_run(struct bench *bench)
{
    struct afmon_buffer prefixes[METRICS], buffer;
    struct afmon_timestamp_cache cache = {.filled = false};
    int64_t wall_ns = INT64_C(1795425635000123000);
    int fd = open(bench->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        give_up(bench->path);
    afmon_buffer_init(&buffer, 2 * PIECE);
    for (int i = 0; i < METRICS; i++) {
        afmon_buffer_init(&prefixes[i], 4096);
        afmon_line_prefix(&prefixes[i], names[i], strlen(names[i]));
    }
    for (long i = 0; i < bench->lines; i++) {
        wall_ns += i % METRICS == 0 ? 60000000 : 0; /* a call of a model every 60 ms: ten million lines are 28 hours */
        add_line(&buffer, &prefixes[i % METRICS], (int)(i % METRICS), &cache, wall_ns);
        if (buffer.length > PIECE)
            flush_lines(bench, fd, &buffer);
    }
    flush_lines(bench, fd, &buffer);
    if (close(fd) != 0)
        give_up(bench->path);
    for (int i = 0; i < METRICS; i++)
        afmon_buffer_free(&prefixes[i]);
    afmon_buffer_free(&buffer);
}

/* What reading costs at least: the bytes, looked at once. */
static double seconds_to_count(const struct bench *bench)
{
    char *data = malloc(PIECE);
    int fd = open(bench->path, O_RDONLY | O_CLOEXEC);
    if (data == NULL || fd < 0)
        give_up(bench->path);
    int64_t began = afmon_boot_ns();
    long newlines = 0;
    ssize_t got;
    while ((got = read(fd, data, PIECE)) > 0)
        for (const char *at = data; (at = memchr(at, '\n', (size_t)(data + got - at))) != NULL; at++)
            newlines++;
    double seconds = (double)(afmon_boot_ns() - began) / 1e9;
    close(fd);
    free(data);
    if (newlines != bench->lines)
        give_up("newlines were lost");
    return seconds;
}

static double seconds_to_open(const struct bench *bench, afmon_view **view)
{
    afmon_error error;
    int64_t began = afmon_boot_ns();
    if (afmon_view_open(bench->folder, NULL, view, &error) != AFMON_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    double seconds = (double)(afmon_boot_ns() - began) / 1e9;
    afmon_view_info info;
    afmon_view_get_info(*view, &info);
    if (info.sample_count != (uint64_t)bench->lines || info.problem_count != 0)
        give_up("samples were lost");
    return seconds;
}

static double seconds_to_check(afmon_view *view, double interval_s)
{
    afmon_alert_span spans[AFMON_ALERT_RULES];
    size_t count;
    int64_t began = afmon_boot_ns();
    if (afmon_view_check(view, NULL, interval_s, spans, &count) != AFMON_OK)
        give_up("afmon_view_check");
    return (double)(afmon_boot_ns() - began) / 1e9;
}

static void measure(const struct bench *bench)
{
    afmon_view *view;
    double megabytes = (double)bench->bytes / 1e6;
    (void)seconds_to_count(bench); /* into the page cache */
    double count_s = seconds_to_count(bench);
    double open_s = seconds_to_open(bench, &view);
    printf("%ld lines, %.0f MB\n", bench->lines, megabytes);
    printf("read and count newlines    %7.3f s  %7.0f MB/s\n", count_s, megabytes / count_s);
    printf(
        "afmon_view_open            %7.3f s  %7.0f MB/s  %5.0f ns a line  %5.1f times the above  (at least 150 MB/s)\n",
        open_s, megabytes / open_s, open_s * 1e9 / (double)bench->lines, open_s / count_s);
    for (int interval = 60; interval >= 1; interval -= 59)
        printf("afmon_view_check every %2d s %6.3f s\n", interval, seconds_to_check(view, interval));
    afmon_view_close(view);
}

int main(int argc, char **argv)
{
    struct bench bench = {.lines = argc > 1 ? strtol(argv[1], NULL, 10) : 10000000};
    const char *temporary = getenv("TMPDIR");
    if (bench.lines <= 0) {
        (void)fprintf(stderr, "usage: bench_read [LINES]\n");
        return 2;
    }
    (void)snprintf(bench.folder, sizeof bench.folder, "%s/afmon-bench-read-XXXXXX",
                   temporary != NULL ? temporary : "/tmp");
    if (mkdtemp(bench.folder) == NULL)
        give_up(bench.folder);
    (void)snprintf(bench.path, sizeof bench.path, "%s/metrics.jsonl", bench.folder);
    write_run(&bench);
    measure(&bench);
    unlink(bench.path);
    rmdir(bench.folder);
    return 0;
}
