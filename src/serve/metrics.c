/* What Prometheus scrapes: the figures of all runs that are followed, in one text, each with the label "run".
 *
 * A run is counted by its follower, sample by sample, as it grows (live/live.h), so that a scrape costs what is new and
 * the text. It is given once it was read to its end, for a counter that grew by the past would look like a burst. Of
 * one that is over only the counters are kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/live.h"
#include "meters/table.h"
#include "prometheus/runs.h"
#include "serve/serve.h"

#define TEXT_MAX ((size_t)64 << 20)
#define SCRAPED_NS (300 * AFMON_NS_PER_S) /* so long after a scrape runs are counted on */
#define NAME_SIZE (AFMON_METER_LABEL_SIZE + AFMON_RUN_ID_SIZE + 8)

bool afmon_serve_is_scraped(struct afmon_server *server, int64_t now_ns)
{
    bool scraped = false;
    for (size_t i = 0; i < AFMON_SERVE_FORMATS; i++) {
        const struct afmon_attention *attention = &server->scrapes[i].attention;
        int64_t looked_ns = afmon_serve_looked_ns(server, attention, now_ns);
        scraped = scraped || (looked_ns != 0 && now_ns - looked_ns < SCRAPED_NS);
    }
    return scraped;
}

/* ---- which runs ---- */

static int latest_first(const void *left, const void *right)
{
    const struct afmon_look *a = &(*(struct afmon_served_run *const *)left)->look;
    const struct afmon_look *b = &(*(struct afmon_served_run *const *)right)->look;
    if ((a->living > 0) != (b->living > 0))
        return a->living > 0 ? -1 : 1;
    return (a->modified_ns < b->modified_ns) - (a->modified_ns > b->modified_ns);
}

static void drop_meters(struct afmon_served_run *run)
{
    afmon_meters_free(run->meters);
    run->meters = NULL;
}

void afmon_serve_choose_metered(struct afmon_server *server, bool scraped)
{
    struct afmon_served_run *runs[AFMON_SERVE_RUNS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < server->run_count; i++) {
        struct afmon_served_run *run = server->runs[i];
        run->metered = false;
        if (scraped && run->look.there && run->look.samples)
            runs[count++] = run;
        else
            drop_meters(run);
    }
    qsort(runs, count, sizeof(struct afmon_served_run *), latest_first);
    server->metered_count = count < AFMON_SERVE_METERED_MAX ? count : AFMON_SERVE_METERED_MAX;
    server->unmetered_count = count - server->metered_count;
    for (size_t i = 0; i < count; i++) {
        runs[i]->metered = i < server->metered_count;
        if (runs[i]->metered)
            server->metered[i] = runs[i];
        else
            drop_meters(runs[i]);
    }
}

bool afmon_serve_has_meters(const struct afmon_served_run *run)
{
    if (run->live == NULL)
        return run->meters != NULL && run->meters_bytes == run->look.bytes;
    return run->keeps_meters && run->told && run->drawn_part >= 1;
}

void afmon_serve_keep_meters(struct afmon_served_run *run)
{
    if (!run->metered || run->live == NULL || !afmon_serve_has_meters(run))
        return;
    drop_meters(run);
    run->meters = afmon_live_take_meters(run->live);
    run->meters_bytes = run->told_bytes;
}

/* ---- the text ---- */

/* NULL: they are not complete yet. What is there of a run that goes on after its end is true until all is read. */
static struct afmon_meters *meters_of(const struct afmon_served_run *run)
{
    afmon_live_info info = {0};
    if (run->live == NULL || !run->keeps_meters)
        return run->meters;
    afmon_live_get_info(run->live, &info);
    return info.loaded >= 1 ? afmon_live_meters(run->live) : run->meters;
}

static char *write_label(const struct afmon_served_run *run, char name[NAME_SIZE])
{
    return afmon_label_write(name, (struct afmon_label_text){run->name, strlen(run->name)}) - 1;
}

/* Another run has the same name, or one that looks the same as a label. */
static bool is_twice(const struct afmon_server *server, const struct afmon_served_run *run, const char *name)
{
    char other[NAME_SIZE];
    for (size_t i = 0; i < server->metered_count; i++) {
        (void)write_label(server->metered[i], other);
        if (server->metered[i] != run && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

/* The folder's name; where several have one, each with its id behind it. */
static void write_name(const struct afmon_server *server, const struct afmon_served_run *run, char name[NAME_SIZE])
{
    char *end = write_label(run, name);
    if (is_twice(server, run, name))
        (void)snprintf(end, AFMON_RUN_ID_SIZE + 8, " (%s)", run->id);
}

static void write_text(const struct afmon_server *server, afmon_prometheus_format format, struct afmon_buffer *text)
{
    struct afmon_prometheus_run runs[AFMON_SERVE_METERED_MAX];
    char names[AFMON_SERVE_METERED_MAX][NAME_SIZE];
    struct afmon_prometheus_counts counts = {.left_out = server->unmetered_count + server->left_out};
    size_t count = 0;
    size_t sets = 0;
    for (size_t i = 0; i < server->metered_count; i++) {
        const struct afmon_served_run *run = server->metered[i];
        struct afmon_meters *meters = meters_of(run);
        size_t more = meters == NULL ? 0 : afmon_meters_count(meters);
        counts.loading += meters == NULL;
        counts.left_out += sets + more > AFMON_SERVE_METERS_MAX;
        if (meters == NULL || sets + more > AFMON_SERVE_METERS_MAX)
            continue;
        sets += more;
        write_name(server, run, names[count]);
        runs[count] = (struct afmon_prometheus_run){names[count], meters, run->look.living > 0};
        count++;
    }
    afmon_prometheus_runs(runs, count, &counts, format, text);
}

static void publish(struct afmon_server *server, afmon_prometheus_format format)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, TEXT_MAX);
    write_text(server, format, &text);
    (void)afmon_serve_show(server, &server->scrapes[format].shown, NULL, &text);
    afmon_buffer_free(&text);
}

bool afmon_serve_publish_scrapes(struct afmon_server *server)
{
    bool all = true;
    for (size_t i = 0; i < AFMON_SERVE_FORMATS; i++) {
        const struct afmon_scrape *scrape = &server->scrapes[i];
        if (!afmon_serve_waited_for(server, &scrape->attention, &scrape->shown))
            continue;
        publish(server, (afmon_prometheus_format)i);
        all = all && !afmon_serve_waited_for(server, &scrape->attention, &scrape->shown);
    }
    return all;
}
