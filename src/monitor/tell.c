#include "monitor/tell.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/words.h"
#include "monitor/dispatches.h"
#include "monitor/family.h"

/* ---- the files cannot be written ---- */

/* Straight to the log handlers: the log file is what cannot be written. */
static void tell_log_handlers(struct afmon_core *core, const char *message)
{
    struct afmon_dispatch_log log = {.message = message,
                                     .message_length = strlen(message),
                                     .level = AFMON_ERROR,
                                     .timestamp_ns = afmon_boot_ns() +
                                                     atomic_load_explicit(&core->wall_offset_ns, memory_order_relaxed)};
    size_t count;
    struct afmon_dispatch **dispatches = afmon_dispatches_of(core, AFMON_HANDLER_LOG, &count);
    for (size_t i = 0; i < count; i++)
        afmon_dispatch_push_log(dispatches[i], &log, afmon_boot_ns());
}

void afmon_tell_stall(struct afmon_core *core, int failure)
{
    afmon_error error;
    afmon_count(&core->counts.write_errors, 1);
    if (atomic_load_explicit(&core->hub.unwritable, memory_order_relaxed) != 0)
        return;
    afmon_fail_os(&error, failure,
                  "%s: cannot write; what is recorded waits, and is dropped and counted where its queue is full",
                  core->monitor->log_dir);
    afmon_core_set_error(core, &error);
    tell_log_handlers(core, error.message);
    atomic_store_explicit(&core->hub.unwritable, 1, memory_order_release);
}

void afmon_tell_stall_end(struct afmon_core *core)
{
    if (atomic_exchange_explicit(&core->hub.unwritable, 0, memory_order_acq_rel) != 0)
        afmon_core_log(core, AFMON_WARNING, "Writing the run folder works again", NULL, 0);
}

/* ---- files that others changed ---- */

static const char *what_happened(enum afmon_file_change change)
{
    switch (change) {
    case AFMON_FILE_REMOVED:
        return "was removed while it was written; what was in it is lost";
    case AFMON_FILE_RENAMED:
        return "was renamed while it was written; what is in it is no part of the run any more, unless it is moved "
               "back as metrics-0123456789abcdef.jsonl, or afterimage-0123456789abcdef.log";
    case AFMON_FILE_REPLACED:
        return "was replaced while it was written, as editors and sed -i do; what is not in the new file is lost";
    case AFMON_FILE_CUT:
        return "was cut off while it was written, as logrotate's copytruncate does; what was cut off is no part of the "
               "run any more";
    case AFMON_FILE_CLOSED:
        return "was closed by something else in the program, which must close its own descriptors only";
    case AFMON_FILE_SAME:
        break;
    }
    return "";
}

static void file_changed(struct afmon_core *core, int which, const struct afmon_file_news *news)
{
    const char *goes_on_in = core->files.file[which].is.name;
    afmon_error error;
    if (news->change == AFMON_FILE_SAME)
        return;
    afmon_fail(&error, AFMON_E_UNWRITABLE, "%s/%s %s. Writing goes on in %s", core->monitor->log_dir, news->name,
               what_happened(news->change), goes_on_in);
    afmon_core_set_error(core, &error);
    const afmon_field fields[] = {afmon_string("file", news->name), afmon_string("goes_on_in", goes_on_in),
                                  afmon_int("lines_written", (int64_t)news->written),
                                  afmon_int("lines_lost", (int64_t)news->lost)};
    afmon_core_log(core, AFMON_ERROR, error.message, fields, sizeof fields / sizeof fields[0]);
}

static void session_changed(struct afmon_core *core, bool anew)
{
    afmon_error error;
    afmon_fail(&error, AFMON_E_UNWRITABLE,
               anew ? "%s/" AFMON_PRIVATE_FOLDER " was removed while the run went on, and "
                      "is made again: what was recorded in this moment would not have "
                      "outlived a kill"
                    : "%s: descriptors of the run were closed by something else in the "
                      "program, which must close its own only; they are opened anew",
               core->monitor->log_dir);
    afmon_core_set_error(core, &error);
    afmon_core_log(core, AFMON_ERROR, error.message, NULL, 0);
}

void afmon_tell_changes(struct afmon_core *core, const struct afmon_file_changes *changes)
{
    if (changes->session)
        session_changed(core, changes->session_anew);
    file_changed(core, AFMON_LOG_FILE, &changes->news[AFMON_LOG_FILE]);
    file_changed(core, AFMON_METRICS_FILE, &changes->news[AFMON_METRICS_FILE]); /* the last error is of the samples */
}

/* ---- queues and children ---- */

static void ring_error(struct afmon_core *core)
{
    int failure = atomic_exchange_explicit(&core->hub.ring_error, 0, memory_order_relaxed);
    if (failure == 0)
        return;
    afmon_error error;
    afmon_fail_os(
        &error, failure,
        "%s: no file for the queue of a thread; until it ends, what it records is lost if the process is killed",
        core->monitor->log_dir);
    afmon_core_set_error(core, &error);
    afmon_core_log(core, AFMON_WARNING, error.message, NULL, 0);
}

static void ring_moved(struct afmon_core *core)
{
    if (atomic_exchange_explicit(&core->hub.ring_moved, 0, memory_order_relaxed) == 0)
        return;
    afmon_error error;
    afmon_fail(&error, AFMON_E_UNWRITABLE,
               "%s: the file of a thread's queue was cut off, or its file system had no room for it: a record was "
               "refused, and the thread gets a new queue",
               core->monitor->log_dir);
    afmon_core_set_error(core, &error);
    afmon_core_log(core, AFMON_WARNING, error.message, NULL, 0);
}

static void left_out_children(struct afmon_core *core)
{
    uint64_t counted, left_out;
    afmon_family_count(core, &counted, &left_out);
    if (left_out == 0 || core->told_left_out)
        return;
    core->told_left_out = true;
    afmon_core_log(core, AFMON_WARNING,
                   "A forked child records what this process's alerts, queries and /metrics do not count: it writes no "
                   "metrics file, or there were too many. Give it the built-in metrics file, and look at the run with "
                   "`afmon serve`",
                   NULL, 0);
}

void afmon_tell_others(struct afmon_core *core)
{
    ring_error(core);
    ring_moved(core);
    left_out_children(core);
}

void afmon_tell_standstill(struct afmon_core *core)
{
    char message[256] = "The run goes on";
    const struct afmon_item_look look = afmon_item_watch_look(&core->items);
    if (!look.news)
        return;
    if (look.for_s > 0)
        (void)snprintf(message, sizeof message, "The run stands still: nothing finished for %s, and %s %s open",
                       afmon_words_seconds(look.for_s).text, afmon_words_count(look.open).text,
                       look.open == 1 ? "item is" : "items are");
    const afmon_field fields[] = {
        afmon_string("warning", "stalled"),  afmon_bool("stalled", look.for_s > 0), afmon_double("seconds", look.for_s),
        afmon_double("limit", look.limit_s), afmon_int("open", (int64_t)look.open),
    };
    afmon_core_log(core, look.for_s > 0 ? AFMON_WARNING : AFMON_INFO, message, fields,
                   sizeof fields / sizeof fields[0]);
    if (look.for_s > 0)
        afmon_item_alert_tell(core, "stalled", "gap", look.for_s, look.limit_s, message);
}
