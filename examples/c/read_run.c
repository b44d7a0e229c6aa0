/* Reads a run folder back, afmon's or the Python package's: every metric, the tokens, what could not be read.
 *
 *     ./read_run RUN_FOLDER */
#include <afmon/afmon.h>
#include <stdio.h>

static void print_metrics(afmon_view *view, size_t count)
{
    printf("%-28s %10s %12s %12s %12s\n", "metric", "count", "mean", "p50", "p99");
    for (size_t i = 0; i < count; i++) {
        afmon_aggregate a;
        size_t length;
        const char *name = afmon_view_metric_name(view, i, &length);
        if (afmon_view_aggregate(view, name, AFMON_WINDOW_ALL, &a) == AFMON_OK)
            printf("%-28.*s %10llu %12.4g %12.4g %12.4g\n", (int)length, name, (unsigned long long)a.count, a.mean,
                   a.p50, a.p99);
    }
}

static void print_tokens(afmon_view *view)
{
    afmon_token_usage usage;
    if (afmon_view_token_usage(view, AFMON_WINDOW_ALL, &usage) != AFMON_OK)
        return;
    for (size_t i = 0; i < usage.model_count; i++)
        printf("%s: %llu tokens\n", usage.models[i].model_name, (unsigned long long)usage.models[i].total_tokens);
    afmon_token_usage_free(&usage);
}

int main(int argc, char **argv)
{
    afmon_view *view;
    afmon_view_info info;
    afmon_error error;
    if (argc != 2) {
        fprintf(stderr, "usage: read_run RUN_FOLDER\n");
        return 2;
    }
    if (afmon_view_open(argv[1], NULL, &view, &error) != AFMON_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    afmon_view_get_info(view, &info);
    print_metrics(view, info.metric_count);
    print_tokens(view);
    for (size_t i = 0; afmon_view_problem(view, i) != NULL; i++)
        fprintf(stderr, "%s\n", afmon_view_problem(view, i));
    afmon_view_close(view);
    return info.problem_count == 0 ? 0 : 1;
}
