/* The least there is: open a monitor, record two calls of a model, close, and say what became of them.
 *
 *     cc minimal.c $(pkg-config --cflags --libs afmon) && ./a.out RUN_FOLDER */
#include <afmon/afmon.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    afmon_options options;
    afmon_monitor *monitor;
    afmon_error error;
    afmon_close_report report;

    afmon_options_init(&options);
    options.log_dir = argc > 1 ? argv[1] : NULL; /* NULL: ./.afterimage-monitoring/DATE-TIME */
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }

    afmon_field fields[] = {afmon_string("operation", "answer_generation")};
    afmon_generation good = {.duration_s = 1.84,
                             .success = true,
                             .model_name = "my-model",
                             .finish_reason = "stop",
                             .prompt_token_count = AFMON_GIVEN(212),
                             .completion_token_count = AFMON_GIVEN(109),
                             .total_token_count = AFMON_GIVEN(321),
                             .fields = fields,
                             .field_count = 1};
    afmon_generation bad = {.duration_s = 30.0,
                            .model_name = "my-model",
                            .error = "the server did not answer within 30 s",
                            .error_type = "timeout",
                            .fields = fields,
                            .field_count = 1};
    afmon_track_generation(monitor, &good);
    afmon_track_generation(monitor, &bad);

    printf("run folder: %s\n", afmon_monitor_log_dir(monitor));
    if (afmon_monitor_close(monitor, &report) != AFMON_OK)
        return 1;
    printf("%llu samples recorded, %llu written, %s\n", (unsigned long long)report.samples_recorded,
           (unsigned long long)report.samples_written, report.drained ? "all drained" : "not all drained");
    return report.drained ? 0 : 1;
}
