#include "monitor/run_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "alerts/rules_json.h"
#include "base/clock.h"
#include "base/text.h"
#include "catalog/fields.h"
#include "catalog/lines.h"
#include "monitor/about.h"
#include "monitor/beside.h"

#define MESSAGE "Run record"
#define END_MESSAGE "Run end"
#define FIELDS 14
#define LINE_LIMIT (2 * AFMON_RULES_JSON_MAX)

/* The fields of a run record, and the texts that they point to. */
struct run_record {
    afmon_field fields[FIELDS];
    size_t count;
    char session[17];
    char started[AFMON_TIMESTAMP_SIZE];
    struct afmon_buffer rules;
    struct afmon_buffer tags;
};

static int64_t wall_now(const struct afmon_core *core)
{
    return afmon_boot_ns() + atomic_load_explicit(&core->wall_offset_ns, memory_order_relaxed);
}

static afmon_field text_field(const char *key, const char *text)
{
    return text == NULL || text[0] == '\0' ? afmon_null(key) : afmon_string(key, text);
}

static afmon_field json_field(const char *key, const struct afmon_buffer *text)
{
    if (text->failed)
        return afmon_null(key);
    afmon_field field = afmon_string_n(key, text->data, text->length);
    field.type = AFMON_JSON;
    return field;
}

/* Rules that there is no memory for, or that fill more than a reader takes, are null: not known. */
static afmon_field rules_field(const struct afmon_core *core, struct afmon_buffer *text)
{
    const afmon_rules *rules = &core->monitor->rules;
    afmon_rules_write_json(rules->rules, rules->count, text);
    return json_field("rules", text);
}

static afmon_field tags_field(const struct afmon_core *core, struct afmon_buffer *text)
{
    afmon_about_write_tags(&core->monitor->options, text);
    return json_field("tags", text);
}

/* Members that others invent the keys of come last: readers take the first member of a name. */
static void make(struct run_record *record, const struct afmon_core *core)
{
    double interval_s = core->monitor->options.metrics_interval_s;
    snprintf(record->session, sizeof record->session, "%016" PRIx64, core->first_serial);
    afmon_buffer_init(&record->rules, AFMON_RULES_JSON_MAX);
    afmon_buffer_init(&record->tags, AFMON_RULES_JSON_MAX);
    const afmon_field fields[FIELDS] = {
        afmon_string("session", record->session),
        afmon_string("version", AFMON_VERSION),
        afmon_int("pid", getpid()),
        afmon_string_n("started", record->started, afmon_format_timestamp(record->started, wall_now(core))),
        text_field("name", core->monitor->options.name),
        text_field("note", core->monitor->options.note),
        interval_s > 0 ? afmon_double("metrics_interval", interval_s) : afmon_null("metrics_interval"),
        text_field("data_set", core->monitor->options.data_set),
        text_field("prices", core->prices_failure == 0 ? core->prices_name : NULL),
        rules_field(core, &record->rules),
        text_field("metrics_file", core->session.metrics_file),
        text_field("log_file", core->session.log_file),
        text_field("proxy_run", afmon_beside_folder(core)),
        tags_field(core, &record->tags),
    };
    memcpy(record->fields, fields, sizeof fields);
}

static void release(struct run_record *record)
{
    afmon_buffer_free(&record->rules);
    afmon_buffer_free(&record->tags);
}

/* Straight into the file: a record in a ring may come behind another thread's. False: it is not there. */
static bool say(struct afmon_core *core, const char *message, afmon_level level, const afmon_field *fields,
                size_t count)
{
    struct afmon_buffer packed;
    struct afmon_buffer line;
    size_t size = afmon_fields_packed_size(fields, count);
    afmon_buffer_init(&packed, LINE_LIMIT);
    afmon_buffer_init(&line, LINE_LIMIT);
    bool good = size != SIZE_MAX && afmon_buffer_reserve(&packed, size);
    if (good) {
        afmon_fields_pack((unsigned char *)packed.data, fields, count);
        afmon_line_log(&line, message, strlen(message), level, packed.data, size, wall_now(core));
        good = !line.failed && afmon_run_files_say(&core->files, &line) == 0;
    }
    afmon_buffer_free(&packed);
    afmon_buffer_free(&line);
    return good;
}

static void tell_remarks(struct afmon_core *core)
{
    const afmon_rules *rules = &core->monitor->rules;
    char text[400];
    for (size_t i = 0; i < rules->count; i++)
        if (afmon_alert_rule_remark(&rules->rules[i], text, sizeof text))
            (void)say(core, text, AFMON_WARNING, NULL, 0);
}

void afmon_run_record_begin(struct afmon_core *core)
{
    struct run_record record;
    if (core->files.log < 0)
        return;
    make(&record, core);
    core->record_owed = !say(core, MESSAGE, AFMON_INFO, record.fields, FIELDS);
    release(&record);
    tell_remarks(core);
    afmon_beside_tell(core);
}

void afmon_run_record_owed(struct afmon_core *core)
{
    struct run_record record;
    if (!core->record_owed)
        return;
    core->record_owed = false;
    make(&record, core);
    afmon_core_log_to_file(core, AFMON_INFO, MESSAGE, record.fields, FIELDS);
    release(&record);
}

void afmon_run_record_end(struct afmon_core *core)
{
    char session[17];
    if (core->files.log < 0)
        return;
    snprintf(session, sizeof session, "%016" PRIx64, core->first_serial);
    pthread_mutex_lock(&core->watch_lock);
    uint64_t passes = core->watch.passes;
    pthread_mutex_unlock(&core->watch_lock);
    const afmon_field fields[] = {
        afmon_string("session", session),
        afmon_int("samples_recorded", (int64_t)core->report.samples_recorded),
        afmon_int("samples_written", (int64_t)core->report.samples_written),
        afmon_int("passes", (int64_t)passes),
    };
    (void)say(core, END_MESSAGE, AFMON_INFO, fields, sizeof fields / sizeof fields[0]); /* a reader does without it */
}
