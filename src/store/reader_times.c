#include "store/reader_times.h"

#include <stdio.h>

#include "base/clamp.h"
#include "base/micros.h"
#include "base/words.h"
#include "store/reader.h"
#include "store/reader_lines.h"

#define YEAR_US (INT64_C(365) * 86400 * 1000000)

/* ---- Which time it is ---- */

struct ahead {
    struct afmon_reader *reader;
    struct afmon_time_walk walk;
    uint64_t stretch;
    bool decided;
    bool second;
};

static afmon_status look_at_line(void *user, const char *data, size_t length, uint64_t number, bool ended)
{
    (void)number;
    (void)ended;
    struct ahead *ahead = user;
    struct afmon_read_sample sample;
    const char *why;
    int64_t wall_us;
    if (data == NULL)
        return AFMON_OK;
    afmon_status status = afmon_read_line(ahead->reader, data, length, &sample, &why);
    if (status != AFMON_OK)
        return status == AFMON_E_FORMAT ? AFMON_OK : status;
    ahead->second =
        afmon_time_walk_on(&ahead->walk, sample.wall_us, sample.again_us, &wall_us) == AFMON_TIME_WAS_SECOND;
    ahead->decided = !ahead->walk.open || ahead->walk.stretch != ahead->stretch;
    return ahead->decided ? AFMON_E_CANCELLED : AFMON_OK;
}

/* What comes behind an open stretch tells what it is. Each is looked through once, for it is open only where it begins.
 */
static afmon_status look_ahead(struct ahead *ahead, const char *path, int64_t behind, int64_t end)
{
    struct afmon_lines lines = {.line = look_at_line, .user = ahead};
    ahead->reader = afmon_reader_new();
    if (ahead->reader == NULL)
        return AFMON_E_NO_MEMORY;
    afmon_status status = afmon_each_line(path, behind, end, &lines, NULL);
    afmon_reader_free(ahead->reader);
    return status == AFMON_E_NO_MEMORY ? status : AFMON_OK;
}

static afmon_status decide(struct afmon_file_times *times, const char *path, int64_t behind, int64_t end, uint64_t line,
                           struct afmon_read_sample *sample)
{
    struct ahead ahead = {.walk = times->walk, .stretch = times->walk.stretch};
    afmon_status status = look_ahead(&ahead, path, behind, end);
    if (ahead.second)
        sample->wall_us = afmon_time_walk_is_second(&times->walk);
    if (status == AFMON_OK && !ahead.decided && times->unknown++ == 0)
        times->unknown_line = line;
    return status;
}

/* ---- What is told of it ---- */

static void note_step(struct afmon_time_steps *steps, const struct afmon_time_walk *walk, uint64_t line)
{
    if (steps->count++ > 0)
        return;
    steps->line = line;
    steps->from_us = afmon_clamp_sub(walk->last_us, walk->step_us);
    steps->to_us = walk->last_us;
}

static void note(struct afmon_file_times *times, uint64_t line)
{
    const struct afmon_time_walk *walk = &times->walk;
    if (walk->step_us < -AFMON_TIME_JITTER_US)
        note_step(&times->back, walk, line);
    else if (walk->step_us > YEAR_US)
        note_step(&times->ahead, walk, line);
    if (walk->again_us != 0 && times->twice++ == 0)
        times->twice_line = line;
}

afmon_status afmon_file_times_take(struct afmon_file_times *times, const char *path, int64_t behind, int64_t end,
                                   uint64_t line, struct afmon_read_sample *sample, enum afmon_time_said *said)
{
    enum afmon_time_said says = afmon_time_walk_on(&times->walk, sample->wall_us, sample->again_us, &sample->wall_us);
    afmon_status status = AFMON_OK;
    if (says == AFMON_TIME_OPENS)
        status = decide(times, path, behind, end, line, sample);
    sample->again_us = 0;
    note(times, line);
    if (said != NULL)
        *said = says;
    return status;
}

struct telling {
    void (*warning)(void *user, uint64_t line_number, const char *what);
    void *user;
};

static void tell_steps(const struct telling *telling, const struct afmon_time_steps *steps, const char *direction)
{
    char text[400];
    char more[120] = "";
    if (steps->count == 0)
        return;
    double seconds = afmon_seconds_between(afmon_us_to_ns(steps->from_us), afmon_us_to_ns(steps->to_us));
    if (steps->count > 1)
        (void)snprintf(more, sizeof more, "; %s such steps in this file", afmon_words_count(steps->count).text);
    (void)snprintf(text, sizeof text, "times go %s by %s, from %s to %s (UTC)%s", direction,
                   afmon_words_seconds(seconds < 0 ? -seconds : seconds).text,
                   afmon_words_time(afmon_us_to_ns(steps->from_us)).text,
                   afmon_words_time(afmon_us_to_ns(steps->to_us)).text, more);
    telling->warning(telling->user, steps->line, text);
}

void afmon_file_times_tell(const struct afmon_file_times *times,
                           void (*warning)(void *user, uint64_t line_number, const char *what), void *user)
{
    struct telling telling = {warning, user};
    char text[240];
    tell_steps(&telling, &times->back, "back");
    tell_steps(&telling, &times->ahead, "ahead");
    if (times->twice == 0)
        return;
    (void)snprintf(text, sizeof text,
                   "local times of an hour that clocks show twice: the order of lines tells which (%s%s)",
                   afmon_words_count(times->twice).text, times->twice == 1 ? " line" : " lines");
    warning(user, times->twice_line, text);
    if (times->unknown > 0)
        warning(user, times->unknown_line,
                "local times of an hour that clocks show twice, and no line tells which: taken as the first");
}
