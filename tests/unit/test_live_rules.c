/* Alerts that a follower judges itself: those of a replay over the whole run. */
#include "fail_alloc.h"
#include "run_folder.h"

#include <math.h>
#include <time.h>

#define S INT64_C(1000000000)
#define BASE (INT64_C(1700000000) * S)
enum { MINUTES = 40, PER_S = 2, SLOW_FROM = 20, SLOW_TO = 30 };

/* ---- A run: calls fail in minutes 10 to 18, and are slow in minutes 20 to 30 where the operation is "b" ---- */

static void put(FILE *file, const char *metric, double value, const char *operation, int64_t ns)
{
    char at[40];
    time_t seconds = (time_t)(ns / S);
    struct tm parts;
    size_t length = strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &parts));
    snprintf(at + length, sizeof at - length, ".%06d", (int)(ns % S / 1000));
    fprintf(file, "{\"metric\": \"%s\", \"value\": %.17g, \"operation\": \"%s\", \"timestamp\": \"%s+00:00\"}\n",
            metric, value, operation, at);
}

static void append_text(const char *folder, const char *name, const char *text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void write_minutes(const char *folder, int from, int to)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    for (int i = from * 60 * PER_S; i < to * 60 * PER_S; i++) {
        int minute = i / PER_S / 60;
        bool failed = minute >= 10 && minute < 18 && i % 2 == 0;
        const char *operation = i % 3 == 0 ? "b" : "a";
        double slow = minute >= SLOW_FROM && minute < SLOW_TO && i % 3 == 0 ? 20 : 0;
        int64_t ns = BASE + i * (S / PER_S) + 1000;
        put(file, "generation_time", 1 + (i * 7919 % 100) / 100.0 + slow, operation, ns);
        put(file, "success_rate", failed ? 0 : 1, operation, ns);
        put(file, "error_rate", failed ? 1 : 0, operation, ns);
    }
    fclose(file);
}

static afmon_alert_rule rule_of(const char *name, const char *metric)
{
    afmon_alert_rule rule;
    afmon_alert_rule_init(&rule);
    rule.name = name;
    rule.metric = metric;
    return rule;
}

enum { OWN = 5, BUILT_IN_S = 60 };

/* *field must live as long as the rules. */
static void make_rules(afmon_alert_rule rules[OWN], afmon_field *field)
{
    *field = afmon_string("operation", "b");
    rules[0] = rule_of("slow_b", "generation_time");
    rules[0].comparison = AFMON_RULE_ABOVE;
    rules[0].limit = 10;
    rules[0].window_s = 60;
    rules[0].where = field;
    rules[0].where_count = 1;
    rules[1] = rule_of("slow_p90", "generation_time");
    rules[1].aggregate = AFMON_RULE_QUANTILE;
    rules[1].quantile = 0.9;
    rules[1].comparison = AFMON_RULE_ABOVE;
    rules[1].limit = 10;
    rules[1].level = AFMON_ERROR;
    rules[2] = rule_of("wide", "generation_time");
    rules[2].aggregate = AFMON_RULE_STDDEV;
    rules[2].comparison = AFMON_RULE_ABOVE;
    rules[2].limit = 5;
    rules[3] = rule_of("many", "generation_time");
    rules[3].aggregate = AFMON_RULE_COUNT;
    rules[3].comparison = AFMON_RULE_AT_LEAST;
    rules[3].limit = 10 * 60 * PER_S - 60;
    rules[3].window_s = 600;
    rules[3].for_s = 60;
    rules[4] = rule_of("never", "nothing");
}

/* ---- Following ---- */

static afmon_live *follow(const char *folder, const afmon_alert_rule *rules, size_t count)
{
    afmon_live *live = NULL;
    afmon_live_options options;
    afmon_live_options_init(&options);
    options.rules = rules;
    options.rule_count = count;
    assert_int_equal(afmon_live_open(folder, &options, &live, NULL), AFMON_OK);
    return live;
}

static size_t alerts_of(afmon_live *live, afmon_alert_interval alerts[16])
{
    afmon_run_summary *summary = NULL;
    assert_int_equal(afmon_live_summarize(live, &summary, NULL), AFMON_OK);
    size_t count = summary->alert_count;
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++)
        alerts[i] = summary->alerts[i];
    afmon_run_summary_free(summary);
    return count;
}

/* asking: for alerts after each piece that was read. */
static void load(afmon_live *live, bool asking)
{
    afmon_live_info info;
    afmon_alert_interval alerts[16];
    uint64_t before;
    do {
        afmon_live_get_info(live, &info);
        before = info.revision;
        assert_int_equal(afmon_live_update(live, 0, NULL), AFMON_OK);
        if (asking)
            (void)alerts_of(live, alerts);
        afmon_live_get_info(live, &info);
    } while (info.revision != before);
    assert_true(info.loaded == 1);
}

struct episodes {
    afmon_alert_episode list[16];
    size_t count;
};

static int keep_episode(void *user, const afmon_alert_episode *episode)
{
    struct episodes *episodes = user;
    assert_true(episodes->count < 16);
    episodes->list[episodes->count++] = *episode;
    return 0;
}

static struct episodes replay(const char *folder, const afmon_alert_rule *rules, size_t count, int period_s)
{
    struct episodes episodes = {0};
    afmon_view *view = NULL;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    assert_int_equal(afmon_view_check_rules(view, rules, count, period_s, NULL, keep_episode, &episodes, NULL),
                     AFMON_OK);
    afmon_view_close(view);
    return episodes;
}

/* Passes need not be at the same times: within two periods. */
static bool is_near(int64_t a, int64_t b, int period_s)
{
    return llabs(a - b) <= 2 * period_s * S;
}

static void same_alerts(const afmon_alert_interval *alerts, size_t count, const struct episodes *episodes, int period_s)
{
    assert_int_equal(count, episodes->count);
    for (size_t i = 0; i < episodes->count; i++) {
        const afmon_alert_episode *episode = &episodes->list[i];
        bool resolved = episode->last.state == AFMON_ALERT_RESOLVED;
        size_t at = 0;
        while (at < count && strcmp(alerts[at].name, episode->fired.name) != 0)
            at++;
        assert_true(at < count);
        const afmon_alert_interval *alert = &alerts[at];
        assert_true(fabs((double)alert->passes * period_s - alert->held_s) <= 2 * period_s);
        assert_int_equal(alert->level, episode->fired.level);
        assert_int_equal(alert->firing, !resolved);
        assert_true(is_near(alert->first_ns, episode->fired.timestamp_ns, period_s));
        assert_true(!resolved || is_near(alert->resolved_ns, episode->last.timestamp_ns, period_s));
        assert_true(!resolved || is_near(alert->last_ns, alert->resolved_ns, period_s));
    }
}

/* ---- Tests ---- */

static void built_in_rules_are_judged_where_the_log_has_no_alert(void **state)
{
    (void)state;
    afmon_rules rules = {0};
    char *folder = make_folder();
    write_minutes(folder, 0, MINUTES);
    /* A log as afterimage writes it. */
    append_text(folder, "afterimage.log",
                "2023-11-14 22:13:20,100 - {\"message\": \"Generation metrics\", \"data\": {\"duration\": 1.0, "
                "\"success\": false, \"timestamp\": \"2023-11-14T22:13:20.100000\"}, \"level\": \"info\"}\n"
                "2023-11-14 22:13:21,100 - {\"message\": \"Alert handler failed\", \"error\": \"x\", \"level\": "
                "\"error\"}\n");
    assert_int_equal(afmon_rules_built_in(NULL, &rules, NULL), AFMON_OK);
    struct episodes episodes = replay(folder, rules.rules, rules.count, BUILT_IN_S);
    assert_int_equal(episodes.count, 2); /* low_success_rate, high_error_rate */
    for (int asking = 0; asking < 2; asking++) {
        afmon_live *live = follow(folder, NULL, 0);
        afmon_alert_interval alerts[16];
        load(live, asking == 1);
        same_alerts(alerts, alerts_of(live, alerts), &episodes, BUILT_IN_S);
        for (size_t i = 0; i < 2; i++)
            assert_true(strncmp(alerts[i].message, "Success rate dropped to ", 24) == 0 ||
                        strncmp(alerts[i].message, "Error rate increased to ", 24) == 0);
        afmon_live_close(live);
    }
    /* Where no run record says that one monitor saw all of it, a line of an alert changes nothing. */
    append_text(folder, "afterimage.log",
                "2023-11-14 22:13:22,100 - {\"message\": \"Alert: A\", \"alert\": \"low\", \"level\": \"warning\"}\n");
    afmon_live *live = follow(folder, NULL, 0);
    afmon_alert_interval alerts[16];
    load(live, true);
    same_alerts(alerts, alerts_of(live, alerts), &episodes, BUILT_IN_S);
    afmon_live_close(live);
    afmon_rules_free(&rules);
    remove_folder(folder);
}

static void own_rules_are_judged_whatever_the_log_has(void **state)
{
    (void)state;
    afmon_alert_rule rules[OWN];
    afmon_field field;
    char *folder = make_folder();
    make_rules(rules, &field);
    write_minutes(folder, 0, SLOW_TO - 2); /* it ends while calls are slow */
    append_text(folder, "afterimage.log",
                "2023-11-14 22:13:22,100 - {\"message\": \"Alert: A\", \"alert\": \"low\", \"level\": \"warning\"}\n");
    for (int more = 0; more < 2; more++) {
        struct episodes episodes = replay(folder, rules, OWN, 1);
        assert_int_equal(episodes.count, 4);
        for (int asking = 0; asking < 2; asking++) {
            afmon_live *live = follow(folder, rules, OWN);
            afmon_alert_interval alerts[16];
            load(live, asking == 1);
            same_alerts(alerts, alerts_of(live, alerts), &episodes, 1);
            assert_int_equal(alerts[0].firing, true); /* those come first */
            afmon_live_close(live);
        }
        write_minutes(folder, SLOW_TO - 2, MINUTES);
    }
    remove_folder(folder);
}

/* While time goes on rules fire and are resolved, and a pass is not judged twice. */
static void alerts_come_and_go_with_time(void **state)
{
    (void)state;
    afmon_alert_rule rules[OWN];
    afmon_field field;
    afmon_alert_interval alerts[16];
    char *folder = make_folder();
    make_rules(rules, &field);
    afmon_live *live = follow(folder, rules, 1);
    uint64_t passes = 0;
    for (int minute = 0; minute < MINUTES; minute++) {
        int second = (minute + 1) * 60;
        write_minutes(folder, minute, minute + 1);
        load(live, false);
        size_t count = alerts_of(live, alerts);
        bool slow = second > SLOW_FROM * 60 + 120 && second < SLOW_TO * 60;
        bool before = second < SLOW_FROM * 60;
        bool after = second > SLOW_TO * 60 + 120;
        assert_true(!before || count == 0);
        assert_true(!slow || (count == 1 && alerts[0].firing && alerts[0].passes > passes));
        assert_true(!after || (count == 1 && !alerts[0].firing && alerts[0].resolved_ns > 0));
        passes = count > 0 ? alerts[0].passes : 0;
    }
    assert_true(passes > (SLOW_TO - SLOW_FROM) * 60 - 60 && passes < (SLOW_TO - SLOW_FROM) * 60 + 60);
    assert_true(is_near(alerts[0].first_ns, BASE + SLOW_FROM * 60 * S + 30 * S, 10));
    afmon_live_close(live);
    remove_folder(folder);
}

static void bad_rules_are_refused(void **state)
{
    (void)state;
    afmon_alert_rule rules[65];
    char names[65][16];
    afmon_live *live = NULL;
    afmon_error error;
    afmon_live_options options;
    for (int i = 0; i < 65; i++) {
        snprintf(names[i], sizeof names[i], "rule%d", i);
        rules[i] = rule_of(names[i], "m");
    }
    afmon_live_options_init(&options);
    options.rules = rules;
    options.rule_count = 65;
    assert_int_equal(afmon_live_open("x", &options, &live, &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "at most 64"));
    options.rule_count = 64;
    assert_int_equal(afmon_live_open("x", &options, &live, &error), AFMON_OK);
    afmon_live_close(live);
    rules[1].window_s = 0;
    assert_int_equal(afmon_live_open("x", &options, &live, &error), AFMON_E_ARGUMENT);
    assert_null(live);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    afmon_alert_rule rules[OWN];
    afmon_field field;
    char *folder = make_folder();
    make_rules(rules, &field);
    write_minutes(folder, SLOW_FROM, SLOW_FROM + 1);
    for (long n = 1;; n++) {
        afmon_live *live = NULL;
        afmon_live_options options;
        afmon_live_options_init(&options);
        options.rules = rules;
        options.rule_count = OWN;
        afmon_run_summary *summary = NULL;
        fail_alloc_at(n);
        afmon_status status = afmon_live_open(folder, &options, &live, NULL);
        if (status == AFMON_OK)
            status = afmon_live_update(live, 0, NULL);
        if (status == AFMON_OK)
            status = afmon_live_summarize(live, &summary, NULL);
        bool failed = fail_alloc_stop();
        assert_true(status == AFMON_OK || status == AFMON_E_NO_MEMORY);
        afmon_run_summary_free(summary);
        if (live != NULL) {
            afmon_alert_interval alerts[16];
            load(live, false);
            assert_int_equal(alerts_of(live, alerts), 3);
        }
        afmon_live_close(live);
        if (!failed || n > 2000)
            break;
    }
    remove_folder(folder);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_rules_are_judged_where_the_log_has_no_alert),
        cmocka_unit_test(own_rules_are_judged_whatever_the_log_has),
        cmocka_unit_test(alerts_come_and_go_with_time),
        cmocka_unit_test(bad_rules_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
