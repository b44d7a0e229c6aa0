/* A generator for tests of scraping: tool_scrape FOLDER SEED CALLS. Tracks that many calls, says where it listens, and
 * stays until its input ends. */
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
                                                        .fields = &operation,
                                                        .field_count = 1});
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
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    unsigned seed = (unsigned)atoi(argv[2]);
    for (long left = atol(argv[3]); left > 0; left--)
        track(monitor, &seed);
    afmon_monitor_flush(monitor, 60, NULL);
    printf("%s\n", afmon_monitor_prometheus_url(monitor));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    afmon_monitor_close(monitor, NULL);
    return 0;
}
