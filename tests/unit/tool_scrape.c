/* A generator for tests of scraping: tool_scrape FOLDER SEED CALLS. Tracks that many calls, says where it listens, and
 * stays until its input ends; for each line of it it tracks as many calls again. */
#include <afmon/afmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static double draw(unsigned *seed)
{
    return (double)rand_r(seed) / (double)RAND_MAX;
}

static void track(afmon_monitor *monitor, unsigned *seed)
{
    static const char *const models[] = {"small", "large"};
    bool success = draw(seed) > 0.1;
    double prompt = 50 + 4000 * draw(seed);
    double completion = 10 + 900 * draw(seed);
    afmon_field operation = afmon_string("operation", "answer_generation");
    afmon_track_generation(monitor, &(afmon_generation){.duration_s = 0.05 + 9 * draw(seed) * draw(seed),
                                                        .success = success,
                                                        .model_name = models[rand_r(seed) % 2],
                                                        .finish_reason = success ? "stop" : NULL,
                                                        .error = success ? NULL : "busy",
                                                        .error_type = success ? NULL : "RateLimitError",
                                                        .http_status = success ? 0 : 429,
                                                        .prompt_token_count = AFMON_GIVEN((int)prompt),
                                                        .completion_token_count = AFMON_GIVEN((int)completion),
                                                        .total_token_count = AFMON_GIVEN((int)prompt + (int)completion),
                                                        .cost_usd = AFMON_GIVEN((prompt + 2 * completion) / 1e6),
                                                        .fields = &operation,
                                                        .field_count = 1});
}

static void evaluate(afmon_monitor *monitor, unsigned *seed)
{
    const afmon_score score = {.name = "helpfulness", .value = draw(seed)};
    afmon_track_evaluation(
        monitor,
        &(afmon_evaluation){
            .duration_s = draw(seed), .success = true, .evaluator_type = "judge", .scores = &score, .score_count = 1});
}

static void make_item(afmon_monitor *monitor, unsigned *seed)
{
    afmon_item *item;
    if (afmon_item_begin_number(monitor, "conversation", rand_r(seed), &item) != AFMON_OK)
        return;
    evaluate(monitor, seed);
    afmon_item_accept(item);
}

static void generate(afmon_monitor *monitor, unsigned *seed, long calls)
{
    for (; calls > 0; calls--) {
        track(monitor, seed);
        if (calls % 10 == 0)
            make_item(monitor, seed);
    }
}

static int take(void *user, const afmon_sample *sample, char *error, size_t size)
{
    (void)user, (void)sample, (void)error, (void)size;
    return 0;
}

int main(int argc, char **argv)
{
    afmon_options options;
    afmon_monitor *monitor;
    afmon_error error;
    if (argc != 4)
        return 2;
    afmon_options_init(&options);
    options.log_dir = argv[1];
    options.prometheus_listen = "127.0.0.1:0";
    const afmon_metric_handler handlers[] = {afmon_metric_file_handler(), {.handle = take}};
    options.metric_handlers = handlers;
    options.metric_handler_count = 2;
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    unsigned seed = (unsigned)atoi(argv[2]);
    generate(monitor, &seed, atol(argv[3]));
    afmon_monitor_flush(monitor, 60, NULL);
    printf("%s\n", afmon_monitor_prometheus_url(monitor));
    fflush(stdout);
    for (int c; (c = getchar()) != EOF;)
        if (c == '\n')
            generate(monitor, &seed, atol(argv[3]));
    afmon_monitor_close(monitor, NULL);
    return 0;
}
