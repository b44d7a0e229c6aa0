/* A run in one line, for programs that show how far they are. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "base/words.h"
#include "live/progress_line.h"

#define PARTS 5
#define PART_SIZE 192

/* In order of the line; the last of them are left out first where it is too long. */
struct parts {
    char text[PARTS][PART_SIZE];
};

/* The kind of which most is made; NULL: the run tells of no items. */
static const afmon_item_summary *most_items(const afmon_run_summary *summary)
{
    const afmon_item_summary *most = NULL;
    for (size_t i = 0; i < summary->item_count; i++)
        if (most == NULL || summary->items[i].started > most->started)
            most = &summary->items[i];
    return most;
}

/* A kind is any text, and a terminal obeys some. */
static struct afmon_words shown_kinds(const char *kind)
{
    const struct afmon_words all = afmon_words_kinds(kind);
    struct afmon_words shown = {""};
    size_t length = strlen(all.text), used = 0, size;
    for (size_t at = 0; at < length; at += size) {
        uint32_t character = afmon_utf8_character(all.text + at, length - at, &size);
        if (character == AFMON_NO_CHARACTER || afmon_character_is_hidden(character))
            shown.text[used++] = '?';
        else
            used += (size_t)snprintf(shown.text + used, sizeof shown.text - used, "%.*s", (int)size, all.text + at);
    }
    return shown;
}

static void say_done(const afmon_run_summary *summary, const afmon_item_summary *items, const afmon_live_plan *plan,
                     char *text)
{
    const struct afmon_words kinds = items != NULL ? shown_kinds(items->kind) : (struct afmon_words){"calls"};
    uint64_t done = plan->known ? plan->done : items != NULL ? items->finished : summary->calls;
    if (plan->known)
        snprintf(text, PART_SIZE, "%s of %s %s", afmon_words_count(done).text, afmon_words_count(plan->planned).text,
                 kinds.text);
    else
        snprintf(text, PART_SIZE, "%s %s", afmon_words_count(done).text, kinds.text);
}

static void say_left(const afmon_run_summary *summary, const afmon_live_plan *plan, bool ended, char *text)
{
    if (ended)
        snprintf(text, PART_SIZE, "took %s", afmon_words_seconds(summary->duration_s).text);
    else if (plan->known && isfinite(plan->eta_s) && plan->eta_s > 0)
        snprintf(text, PART_SIZE, "left %s", afmon_words_left(plan->eta_p10_s, plan->eta_s, plan->eta_p90_s).text);
}

static void say_trouble(const afmon_run_summary *summary, bool stalled, bool ended, char *text)
{
    size_t alerts = 0;
    for (size_t i = 0; i < summary->alert_count; i++)
        alerts += summary->alerts[i].firing || ended;
    if (stalled)
        snprintf(text, PART_SIZE, "stands still");
    else if (alerts > 0)
        snprintf(text, PART_SIZE, "%zu alert%s", alerts, alerts == 1 ? "" : "s");
}

static void say_well(const afmon_run_summary *summary, const afmon_item_summary *items, char *text)
{
    if (items != NULL && isfinite(items->yield))
        snprintf(text, PART_SIZE, "%s accepted", afmon_words_percent(items->yield).text);
    else if (items == NULL && summary->calls > 0)
        snprintf(text, PART_SIZE, "%s failed",
                 afmon_words_percent((double)summary->call_failures / (double)summary->calls).text);
}

/* Columns at most: characters beyond ASCII may take two. */
static size_t columns_of(const char *text)
{
    size_t columns = 0;
    for (const char *at = text; *at != '\0'; at++)
        columns += ((unsigned char)*at & 0xC0) == 0xC0 ? 2 : ((unsigned char)*at & 0x80) == 0;
    return columns;
}

static void join(const struct parts *parts, size_t width, char *line, size_t size)
{
    size_t columns = 0, length = 0;
    line[0] = '\0';
    for (size_t i = 0; i < PARTS; i++) {
        const char *part = parts->text[i];
        const char *gap = length > 0 ? "  " : "";
        size_t wide = columns_of(part) + strlen(gap);
        if (part[0] == '\0' || columns + wide > width || length + strlen(gap) + strlen(part) >= size)
            continue;
        columns += wide;
        length += (size_t)snprintf(line + length, size - length, "%s%s", gap, part);
    }
}

bool afmon_live_progress_line(afmon_live *live, bool ended, size_t width, char *line, size_t size)
{
    struct parts parts = {0};
    afmon_run_summary *summary;
    afmon_live_plan plan;
    afmon_live_info info;
    if (afmon_live_summarize(live, &summary, NULL) != AFMON_OK)
        return false;
    afmon_live_get_plan(live, &plan);
    afmon_live_get_info(live, &info);
    const afmon_item_summary *items = most_items(summary);
    say_done(summary, items, &plan, parts.text[0]);
    say_left(summary, &plan, ended, parts.text[1]);
    say_trouble(summary, !ended && info.state == AFMON_LIVE_STALLED, ended, parts.text[2]);
    say_well(summary, items, parts.text[3]);
    if (isfinite(summary->cost.total_usd))
        snprintf(parts.text[4], PART_SIZE, "%s", afmon_words_dollars(summary->cost.total_usd).text);
    join(&parts, width, line, size);
    afmon_run_summary_free(summary);
    return true;
}
