/* The run record: what a session says of itself, before its first line and behind its last one. */
#include "run_folder.h"

#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "alerts/rules_json.h"
#include "forked.h"

/* The object of the log's line, from 0, or of the last one (SIZE_MAX). */
static json_t *line_of(const char *folder, const char *name, size_t number)
{
    char *text = read_text(folder, name);
    size_t lines = count_of(text, "\n");
    assert_true(lines > 0);
    const char *at = text;
    for (size_t i = number == SIZE_MAX ? lines - 1 : number; i > 0; i--) {
        at = strchr(at, '\n');
        assert_non_null(at);
        at++;
    }
    const char *begin = strstr(at, " - ");
    assert_non_null(begin);
    json_t *object = json_loadb(begin + 3, (size_t)(strchr(at, '\n') - begin) - 3, 0, NULL);
    assert_non_null(object);
    free(text);
    return object;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "(none)";
}

/* Every key of a run record, in order. */
static void assert_is_record(json_t *record)
{
    static const char *const keys[] = {"message",  "session",          "version",  "pid",    "started", "name",
                                       "note",     "metrics_interval", "data_set", "prices", "rules",   "metrics_file",
                                       "log_file", "proxy_run",        "tags",     "level"};
    size_t i = 0;
    const char *key;
    json_t *value;
    json_object_foreach(record, key, value)
    {
        assert_true(i < sizeof keys / sizeof keys[0]);
        assert_string_equal(key, keys[i++]);
    }
    assert_int_equal(i, sizeof keys / sizeof keys[0]);
    assert_string_equal(text_of(record, "message"), "Run record");
    assert_string_equal(text_of(record, "version"), AFMON_VERSION);
    assert_string_equal(text_of(record, "level"), "info");
}

static _Atomic int handled;

static int count_log(void *user, const afmon_log_record *record, char *error, size_t size)
{
    (void)user;
    (void)record;
    (void)error;
    (void)size;
    atomic_fetch_add(&handled, 1);
    return 0;
}

static void it_stands_before_and_behind_all_that_a_session_says(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_log_handler handlers[] = {afmon_log_file_handler(), {.name = "counting", .handle = count_log}};
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.log_handlers = handlers;
    options.log_handler_count = 2;
    options.metrics_interval_s = 7.5;
    afmon_monitor *monitor;
    afmon_error error;
    handled = 0;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_OK);
    assert_int_equal(count_in(folder, "afterimage.log", "\n"), 1); /* it is there at once */
    for (int i = 0; i < 3; i++)
        assert_int_equal(afmon_track_generation(monitor, &(afmon_generation){.duration_s = 1}), AFMON_OK);
    afmon_alert alerts[8];
    size_t count;
    assert_int_equal(afmon_check_alerts(monitor, alerts, 8, &count), AFMON_OK);
    assert_int_equal(count, 1);
    assert_int_equal(afmon_check_alerts(monitor, alerts, 8, &count), AFMON_OK);
    afmon_close_report report;
    afmon_monitor_close(monitor, &report);
    assert_true(report.drained);
    assert_int_equal(handled, 5); /* three calls, an alert twice */
    assert_int_equal(report.logs_recorded, 5);
    assert_int_equal(report.logs_written, 5);
    assert_int_equal(count_in(folder, "afterimage.log", "\n"), 7);
    json_t *record = line_of(folder, "afterimage.log", 0);
    assert_is_record(record);
    assert_int_equal(json_integer_value(json_object_get(record, "pid")), getpid());
    assert_true(json_real_value(json_object_get(record, "metrics_interval")) == 7.5);
    assert_string_equal(text_of(record, "metrics_file"), "metrics.jsonl");
    assert_string_equal(text_of(record, "log_file"), "afterimage.log");
    afmon_rules rules;
    assert_int_equal(afmon_rules_of_json(json_object_get(record, "rules"), &rules, &error), AFMON_OK);
    assert_int_equal(rules.count, AFMON_ALERT_RULES);
    afmon_rules_free(&rules);
    json_t *end = line_of(folder, "afterimage.log", SIZE_MAX);
    assert_string_equal(text_of(end, "message"), "Run end");
    assert_string_equal(text_of(end, "session"), text_of(record, "session"));
    assert_int_equal(json_integer_value(json_object_get(end, "samples_recorded")), report.samples_recorded);
    assert_int_equal(json_integer_value(json_object_get(end, "samples_written")), report.samples_written);
    assert_int_equal(json_integer_value(json_object_get(end, "passes")), 2);
    json_t *alert = line_of(folder, "afterimage.log", 5);
    assert_string_equal(text_of(alert, "session"), text_of(record, "session"));
    assert_int_equal(json_integer_value(json_object_get(alert, "passes")), 2);
    assert_true(strcmp(text_of(alert, "timestamp"), text_of(alert, "since")) > 0);
    json_decref(alert);
    json_decref(end);
    json_decref(record);
    remove_folder(folder);
}

static void rules_of_ones_own_are_in_it(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_field where = afmon_string("operation", "answer_generation");
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    rule.name = "mine";
    rule.metric = "generation_time";
    rule.aggregate = AFMON_RULE_QUANTILE;
    rule.quantile = 0.999;
    rule.where = &where;
    rule.where_count = 1;
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.rules = &rule;
    options.rule_count = 1;
    options.metrics_interval_s = 0;
    afmon_monitor *monitor;
    afmon_error error;
    for (int i = 0; i < 2; i++) { /* each session has one */
        assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_OK);
        afmon_monitor_close(monitor, NULL);
        options.rule_count = 0;
    }
    json_t *record = line_of(folder, "afterimage.log", 0);
    assert_is_record(record);
    assert_true(json_is_null(json_object_get(record, "metrics_interval")));
    afmon_rules rules;
    assert_int_equal(afmon_rules_of_json(json_object_get(record, "rules"), &rules, &error), AFMON_OK);
    assert_int_equal(rules.count, 1);
    assert_string_equal(rules.rules[0].name, "mine");
    assert_true(rules.rules[0].quantile == 0.999);
    assert_string_equal(rules.rules[0].where[0].as.text.data, "answer_generation");
    afmon_rules_free(&rules);
    json_t *second = line_of(folder, "afterimage.log", 2);
    assert_is_record(second);
    assert_int_equal(json_array_size(json_object_get(second, "rules")), 0);
    assert_string_not_equal(text_of(second, "session"), text_of(record, "session"));
    json_decref(second);
    json_decref(record);
    remove_folder(folder);
}

/* Of several sessions the latest that gives one has the word, wherever its line stands. */
static void a_run_has_name_tags_and_note(void **state)
{
    (void)state;
    static char note[AFMON_RUN_NOTE_MAX + 1]; /* a record of more than people are shown of a line */
    const afmon_tag first[] = {{"team", "red"}, {"metrics_interval", "\"7\", {"}};
    const afmon_tag second[] = {{"team", "blue"}};
    char *folder = make_folder();
    afmon_monitor *monitor;
    afmon_options options;
    memset(note, 'x', sizeof note - 1);
    afmon_options_init(&options);
    options.log_dir = folder;
    options.metrics_interval_s = 7.5;
    options.name = "one";
    options.note = note;
    options.tags = first;
    options.tag_count = 2;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    assert_int_equal(afmon_track_generation(monitor, &(afmon_generation){.duration_s = 1}), AFMON_OK);
    afmon_alert alerts[8];
    size_t count;
    assert_int_equal(afmon_check_alerts(monitor, alerts, 8, &count), AFMON_OK);
    assert_int_equal(count, 1);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    afmon_run_summary *summary = summary_of(folder);
    assert_string_equal(summary->name, "one");
    assert_string_equal(summary->note, note);
    assert_int_equal(summary->tag_count, 2);
    assert_string_equal(summary->tags[1].key, "metrics_interval");
    assert_string_equal(summary->tags[1].value, "\"7\", {");
    assert_true(summary->alerts_logged && summary->alert_period_s == 7.5);
    afmon_run_summary_free(summary);
    options.name = options.note = NULL;
    options.tags = second;
    options.tag_count = 1;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    summary = summary_of(folder);
    assert_string_equal(summary->name, "one");
    assert_int_equal(summary->tag_count, 1);
    assert_string_equal(summary->tags[0].value, "blue");
    afmon_run_summary_free(summary);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    remove_folder(folder);
}

static void assert_refused(const afmon_options *options, const char *wanted)
{
    afmon_monitor *monitor;
    afmon_error error;
    assert_int_equal(afmon_monitor_open(options, &monitor, &error), AFMON_E_ARGUMENT);
    assert_null(monitor);
    assert_non_null(strstr(error.message, wanted));
}

static void bad_names_and_tags_are_refused(void **state)
{
    (void)state;
    static char longer[AFMON_RUN_NAME_MAX + 2];
    static const struct {
        afmon_tag tags[2];
        const char *wanted;
    } cases[] = {
        {{{"a b", "1"}}, "tag 'a b': a key has no spaces"},   {{{"note", "1"}}, "tag 'note': that key is reserved"},
        {{{"afmon.x", "1"}}, "tag 'afmon.x': that key is"},   {{{"", "1"}}, "a tag has no key"},
        {{{"a", "1"}, {"a", "2"}}, "tag 'a' is given twice"}, {{{"a", ""}}, "tag 'a' is empty"},
        {{{"a", "1\n2"}}, "tag 'a' has a line break"},        {{{"a", NULL}}, "tag 1 is no pair"},
    };
    char *folder = make_folder();
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    memset(longer, 'x', sizeof longer - 1);
    options.name = longer;
    assert_refused(&options, "name has 201 bytes: give at most 200");
    options.name = "";
    assert_refused(&options, "name is empty");
    options.name = "a\tb";
    assert_refused(&options, "name has a line break or another control character");
    options.name = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        options.tags = cases[i].tags;
        options.tag_count = cases[i].tags[1].key != NULL ? 2 : 1;
        assert_refused(&options, cases[i].wanted);
    }
    options.tag_count = AFMON_TAGS_MAX + 1;
    assert_refused(&options, "there are 33 tags: give at most 32");
    remove_folder(folder);
}

static void without_a_log_there_is_none(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_log_handler handler = {.name = "counting", .handle = count_log};
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.log_handlers = &handler;
    options.log_handler_count = 1;
    afmon_monitor *monitor;
    handled = 0;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(handled, 0);
    assert_int_equal(count_in(folder, "afterimage.log", "\n"), 0);
    remove_folder(folder);
}

/* Names of the child's files are not known: count over all of them. */
static size_t count_in_logs(const char *folder, const char *part)
{
    char command[1200];
    size_t count = 0;
    snprintf(command, sizeof command, "cat '%s'/afterimage*.log | grep -cF '%s'", folder, part);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%zu", &count), 1);
    pclose(pipe);
    return count;
}

static void a_forked_child_writes_its_own(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* ThreadSanitizer cannot follow threads that a child of several threads starts */
#endif
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    pid_t child = fork_child();
    if (child == 0) {
        afmon_log_info(monitor, "from the child", NULL, 0);
        _exit(afmon_monitor_close(monitor, NULL) == AFMON_OK ? 0 : 1);
    }
    bool ended = child_ended_well(child);
    afmon_monitor_close(monitor, NULL);
    char pid[32];
    snprintf(pid, sizeof pid, "\"pid\": %d, ", (int)child);
    if (ended) {
        assert_int_equal(count_in_logs(folder, "{\"message\": \"Run record\", "), 2);
        assert_int_equal(count_in_logs(folder, "{\"message\": \"Run end\", "), 2);
        assert_int_equal(count_in_logs(folder, pid), 1);
    }
    remove_folder(folder);
    if (!ended)
        skip();
}

static void a_killed_run_has_it(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* ThreadSanitizer cannot follow threads that a child of several threads starts */
#endif
    char *folder = make_folder();
    pid_t child = fork_child();
    if (child == 0) {
        afmon_monitor *monitor = open_on(folder);
        afmon_record_metric(monitor, "m", 1, NULL, 0);
        afmon_log_info(monitor, "soon gone", NULL, 0);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    json_t *record = line_of(folder, "afterimage.log", 0);
    assert_is_record(record);
    json_decref(record);
    afmon_monitor *monitor = open_on(folder);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(count_in(folder, "metrics.jsonl", "\"m\""), 1);
    assert_int_equal(count_in(folder, "afterimage.log", "\"soon gone\""), 1);
    assert_int_equal(count_in(folder, "afterimage.log", "{\"message\": \"Run record\""), 2);
    assert_int_equal(count_in(folder, "afterimage.log", "{\"message\": \"Run end\""), 1);
    remove_folder(folder);
}

/* It is then a record like any other, which waits for room; no part of it is in the file before. */
static void a_full_disk_delays_it(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* ThreadSanitizer cannot follow threads that a child of several threads starts */
#endif
    enum { BEGIN = 1 << 20 };
    char *folder = make_folder();
    char path[512];
    snprintf(path, sizeof path, "%s/afterimage.log", folder);
    pid_t child = fork_child();
    if (child == 0) {
        FILE *file = fopen(path, "w");
        for (int i = 0; file != NULL && i < BEGIN / 2; i++)
            fputs("x\n", file);
        struct rlimit all;
        struct stat size;
        if (file == NULL || fclose(file) != 0 || getrlimit(RLIMIT_FSIZE, &all) != 0 ||
            setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = BEGIN + 10, .rlim_max = all.rlim_max}) != 0)
            _exit(2);
        afmon_monitor *monitor = open_on(folder);
        if (stat(path, &size) != 0 || size.st_size != BEGIN)
            _exit(3);
        if (setrlimit(RLIMIT_FSIZE, &all) != 0 || afmon_monitor_flush(monitor, 30, NULL) != AFMON_OK)
            _exit(4);
        _exit(afmon_monitor_close(monitor, NULL) == AFMON_OK ? 0 : 5);
    }
    bool ended = child_ended_well(child);
    if (ended) {
        assert_int_equal(count_in(folder, "afterimage.log", "{\"message\": \"Run record\""), 1);
        assert_int_equal(count_in(folder, "afterimage.log", "{\"message\": \"Run end\""), 1);
    }
    remove_folder(folder);
    if (!ended)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stands_before_and_behind_all_that_a_session_says),
        cmocka_unit_test(rules_of_ones_own_are_in_it),
        cmocka_unit_test(a_run_has_name_tags_and_note),
        cmocka_unit_test(bad_names_and_tags_are_refused),
        cmocka_unit_test(without_a_log_there_is_none),
        cmocka_unit_test(a_forked_child_writes_its_own),
        cmocka_unit_test(a_killed_run_has_it),
        cmocka_unit_test(a_full_disk_delays_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
