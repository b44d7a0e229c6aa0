/* The size of options: callers of older headers are taken, those of newer ones refused by name, everywhere. */
#include "base/options.h"
#include "run_folder.h"

struct some_options {
    size_t size;
    int old;
    int added; /* by a newer header */
};

static void an_older_caller_keeps_defaults_of_what_it_lacks(void **state)
{
    (void)state;
    struct some_options own = {sizeof own, 1, 2};
    struct some_options given = {offsetof(struct some_options, added), 7, 8};
    assert_int_equal(afmon_options_take(&own, sizeof own, &given, "some_options", NULL), AFMON_OK);
    assert_int_equal(own.size, sizeof own);
    assert_int_equal(own.old, 7);
    assert_int_equal(own.added, 2);
    assert_int_equal(afmon_options_take(&own, sizeof own, NULL, "some_options", NULL), AFMON_OK);
    assert_int_equal(own.old, 7);
}

static void what_is_not_ours_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct some_options own = {sizeof own, 1, 2};
    struct some_options given = {0, 7, 8};
    afmon_error error;
    assert_int_equal(afmon_options_take(&own, sizeof own, &given, "some_options", &error), AFMON_E_ARGUMENT);
    assert_string_equal(error.message, "the options were not begun with some_options_init");
    given.size = sizeof given + 8;
    assert_int_equal(afmon_options_take(&own, sizeof own, &given, "some_options", &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "some_options"));
    assert_int_equal(own.old, 1);
}

static const char *folder;
static afmon_view *view;

static int throw_away(void *user, const void *data, size_t length)
{
    (void)user;
    (void)data;
    (void)length;
    return 0;
}

/* Each public function that takes options, with those of a newer header. */
#define NEWER(type)                                                                                                    \
    type options;                                                                                                      \
    type##_init(&options);                                                                                             \
    options.size += 8

static afmon_status open_monitor(afmon_error *error)
{
    afmon_monitor *monitor;
    NEWER(afmon_options);
    return afmon_monitor_open(&options, &monitor, error);
}

static afmon_status open_view(afmon_error *error)
{
    afmon_view *opened;
    NEWER(afmon_view_options);
    return afmon_view_open(folder, &options, &opened, error);
}

static afmon_status open_live(afmon_error *error)
{
    afmon_live *live;
    NEWER(afmon_live_options);
    return afmon_live_open(folder, &options, &live, error);
}

static afmon_status open_server(afmon_error *error)
{
    afmon_server *server;
    NEWER(afmon_server_options);
    return afmon_server_open(&folder, 1, &options, &server, error);
}

static afmon_status summarize(afmon_error *error)
{
    afmon_run_summary *summary;
    NEWER(afmon_summary_options);
    return afmon_view_summarize(view, &options, &summary, error);
}

static afmon_status export(afmon_error *error)
{
    NEWER(afmon_export_options);
    return afmon_export(view, "never", "json", &options, error);
}

static afmon_status report(afmon_error *error)
{
    NEWER(afmon_report_options);
    return afmon_report(view, "never", "md", &options, error);
}

static afmon_status plot(afmon_error *error)
{
    NEWER(afmon_plot_options);
    return afmon_plot_metric_to(view, "m", &options, throw_away, NULL, error);
}

static afmon_status send_otlp(afmon_error *error)
{
    afmon_metric_handler handler;
    NEWER(afmon_otlp_options);
    return afmon_otlp_metric_handler(&options, &handler, error);
}

static afmon_status send_statsd(afmon_error *error)
{
    afmon_metric_handler handler;
    NEWER(afmon_statsd_options);
    return afmon_statsd_handler(&options, &handler, error);
}

static afmon_status send_webhook(afmon_error *error)
{
    afmon_alert_handler handler;
    NEWER(afmon_webhook_options);
    return afmon_webhook_handler(&options, &handler, error);
}

static void every_function_refuses_a_newer_caller_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        afmon_status (*call)(afmon_error *error);
    } calls[] = {{"afmon_options", open_monitor},        {"afmon_view_options", open_view},
                 {"afmon_live_options", open_live},      {"afmon_server_options", open_server},
                 {"afmon_summary_options", summarize},   {"afmon_export_options", export},
                 {"afmon_report_options", report},       {"afmon_plot_options", plot},
                 {"afmon_otlp_options", send_otlp},      {"afmon_statsd_options", send_statsd},
                 {"afmon_webhook_options", send_webhook}};
    char *made = make_folder();
    afmon_monitor *monitor;
    afmon_options options;
    afmon_options_init(&options);
    folder = options.log_dir = made;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    afmon_record_metric(monitor, "m", 1, NULL, 0);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        afmon_error error = {0};
        assert_int_equal(calls[i].call(&error), AFMON_E_ARGUMENT);
        if (strstr(error.message, calls[i].type) == NULL || strstr(error.message, "not of this afmon") == NULL)
            fail_msg("%s: %s", calls[i].type, error.message);
    }
    afmon_view_close(view);
    remove_folder(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_caller_keeps_defaults_of_what_it_lacks),
        cmocka_unit_test(what_is_not_ours_is_refused_and_changes_nothing),
        cmocka_unit_test(every_function_refuses_a_newer_caller_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
