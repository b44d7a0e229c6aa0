/* Following a run: the first frame of a large one (10 million samples, or as many as the second argument says), of the
 * command, too; reading all of it beside counting the newlines of the same bytes; what an update costs in it, with and
 * without news, beside one in a run of a hundredth of its size; memory; and whether a follower in another process
 * changes what a record call costs.
 *
 *     bench_live FOLDER [SAMPLES]      FOLDER: an empty one */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <afmon/afmon.h>

#include "support.h"
#include "timing.h"

enum { PER_CALL = 5, COLUMNS = 200, ROUNDS = 3, PACED_S = 2, PACED_PER_S = 100000, BURST = 1000, NEWS = 1000 };

static const char *const metrics[PER_CALL] = {"generation_time", "success_rate", "error_rate", "prompt_token_count",
                                              "completion_token_count"};

static FILE *append_to(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "ab");
    if (file == NULL)
        bench_die("the files of the run cannot be written");
    return file;
}

/* Samples as tracked calls record them, 500 calls a second, each with its line in the log. */
static void write_lines(const char *folder, long from, long count)
{
    char at[32] = "";
    FILE *file = append_to(folder, "metrics.jsonl");
    FILE *log = append_to(folder, "afterimage.log");
    for (long i = from; i < from + count; i++) {
        long call = i / PER_CALL;
        time_t second = 1763888400 + call / 500;
        struct tm parts;
        if (i == from || call % 500 == 0)
            strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", gmtime_r(&second, &parts));
        fprintf(file,
                "{\"metric\": \"%s\", \"value\": %ld.25, \"model_name\": \"model-%ld\", \"operation\": \"op-%ld\", "
                "\"timestamp\": \"%s.%06ld+00:00\"}\n",
                metrics[i % PER_CALL], i % PER_CALL == 0 ? call % 9 : call % 2, call % 3, call % 7, at,
                call % 500 * 2000);
        if (i % PER_CALL == 0)
            fprintf(log,
                    "%.10s %.8s,%03ld - {\"message\": \"Generation metrics\", \"duration\": %ld.25, \"success\": true, "
                    "\"prompt_token_count\": 1, \"completion_token_count\": 1, \"model_name\": \"model-%ld\", "
                    "\"operation\": \"op-%ld\", \"level\": \"info\"}\n",
                    at, at + 11, call % 500 * 2, call % 9, call % 3, call % 7);
    }
    if (fclose(file) != 0 || fclose(log) != 0)
        bench_die("the files of the run cannot be written");
}

static double count_newlines_s(const char *folder)
{
    static char piece[1 << 18];
    char path[1024];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int64_t began = bench_ns();
    uint64_t lines = 0;
    for (ssize_t got; (got = read(fd, piece, sizeof piece)) > 0;)
        for (const char *at = piece; (at = memchr(at, '\n', (size_t)(piece + got - at))) != NULL; at++)
            lines++;
    close(fd);
    if (lines == 0)
        bench_die("no lines");
    return (double)(bench_ns() - began) * 1e-9;
}

static afmon_live *follow(const char *folder, bool meters)
{
    afmon_live *live = NULL;
    afmon_live_options options;
    afmon_live_options_init(&options);
    options.meters = meters;
    if (afmon_live_open(folder, &options, &live, NULL) != AFMON_OK)
        bench_die("the folder cannot be followed");
    return live;
}

static void update(afmon_live *live, double budget_s)
{
    afmon_error error;
    if (afmon_live_update(live, budget_s, &error) != AFMON_OK)
        bench_die(error.message);
}

/* What a frame asks. */
static void ask(afmon_live *live)
{
    afmon_bucket buckets[COLUMNS];
    afmon_live_rate rates[64];
    afmon_aggregate aggregate;
    size_t count;
    int64_t width_ns;
    for (int i = 0; i < PER_CALL; i++) {
        afmon_live_buckets(live, metrics[i], AFMON_WINDOW_ALL, COLUMNS, buckets, &count, &width_ns);
        afmon_live_aggregate(live, metrics[i], AFMON_WINDOW_ALL, &aggregate, NULL);
    }
    afmon_live_operations(live, 60, rates, 64, &count);
    afmon_live_models(live, 60, rates, 64, &count);
    afmon_run_summary *summary = NULL;
    if (afmon_live_summarize(live, &summary, NULL) != AFMON_OK)
        bench_die("no summary");
    afmon_run_summary_free(summary);
}

/* Until all is read; returns seconds. */
static double load(afmon_live *live, long samples)
{
    afmon_live_info info;
    int64_t began = bench_ns();
    do {
        update(live, 0.1);
        afmon_live_get_info(live, &info);
    } while (info.loaded < 1);
    if (info.sample_count != (uint64_t)samples)
        bench_die("samples are missing");
    return (double)(bench_ns() - began) * 1e-9;
}

/* An update that finds nothing, or 1,000 new samples; with the frame behind it. */
static double frame_ms(afmon_live *live, const char *folder, long samples, bool news, bool asking)
{
    enum { FRAMES = 21 };
    double frames[FRAMES];
    for (int i = 0; i < FRAMES; i++) {
        if (news)
            write_lines(folder, samples + i * NEWS, NEWS);
        int64_t began = bench_ns();
        update(live, 0.1);
        if (asking)
            ask(live);
        frames[i] = (double)(bench_ns() - began) * 1e-6;
    }
    return bench_median(frames, FRAMES);
}

/* ---- The command ---- */

/* Reads the terminal until it shows the text. */
static void wait_for(int terminal, const char *text)
{
    static char shown[1 << 20];
    size_t length = 0;
    struct pollfd waiting = {.fd = terminal, .events = POLLIN};
    while (length < sizeof shown - 1) {
        if (poll(&waiting, 1, 10000) <= 0)
            bench_die("the command shows no frame for ten seconds");
        ssize_t got = read(terminal, shown + length, sizeof shown - 1 - length);
        if (got <= 0)
            bench_die("the command ended without a frame");
        length += (size_t)got;
        if (memmem(shown, length, text, strlen(text)) != NULL)
            return;
    }
    bench_die("the command shows no frame");
}

/* Milliseconds from the start of `afmon watch` to its first frame. */
static double command_ms(const char *command, const char *folder)
{
    struct winsize size = {.ws_row = 50, .ws_col = 200};
    int terminal;
    int64_t began = bench_ns();
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);
    if (pid < 0)
        bench_die("no terminal");
    if (pid == 0) {
        setenv("TERM", "xterm-256color", 1);
        execl(command, command, "watch", folder, (char *)NULL);
        _exit(127);
    }
    wait_for(terminal, "throughput");
    double ms = (double)(bench_ns() - began) * 1e-6;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(terminal);
    return ms;
}

static void measure_command(const char *folder)
{
    char command[1024];
    ssize_t length = readlink("/proc/self/exe", command, sizeof command - 1);
    double ms[ROUNDS];
    if (length <= 0)
        return;
    command[length] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(command, '/') = '\0'; /* BUILD/bench/bench_live */
    if (strlen(command) + sizeof "/cli/afmon" > sizeof command)
        return;
    strcat(command, "/cli/afmon");
    if (access(command, X_OK) != 0)
        return;
    for (int i = 0; i < ROUNDS; i++)
        ms[i] = command_ms(command, folder);
    printf("%-44s %10.1f ms    must hold: 1,500 ms\n", "afmon watch, from its start to its first frame",
           bench_median(ms, ROUNDS));
}

/* ---- Runs of two sizes ---- */

static long resident_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "VmRSS: %ld", &kib);
    if (file != NULL)
        fclose(file);
    return kib;
}

static void measure_updates(const char *folder, long samples)
{
    char name[64];
    afmon_live *live = follow(folder, true);
    load(live, samples);
    snprintf(name, sizeof name, "%ld samples: update without news", samples);
    printf("%-44s %10.3f ms\n", name, frame_ms(live, folder, samples, false, false));
    printf("%-44s %10.3f ms\n", "    and all that a frame asks", frame_ms(live, folder, samples, false, true));
    printf("%-44s %10.3f ms\n", "    update with 1,000 new samples", frame_ms(live, folder, samples, true, false));
    afmon_live_info info;
    afmon_live_get_info(live, &info);
    printf("%-44s %10.1f MiB   the process: %.1f MiB, must hold: 64 MiB\n", "    memory of the follower",
           (double)info.memory_bytes / 1048576, (double)resident_kib() / 1024);
    afmon_live_close(live);
}

static void measure_large(const char *folder, long samples)
{
    double newlines_s = count_newlines_s(folder);
    measure_command(folder);
    for (int meters = 0; meters < 2; meters++) {
        int64_t began = bench_ns();
        afmon_live *live = follow(folder, meters == 1);
        update(live, 0);
        ask(live);
        if (meters == 0)
            printf("%-44s %10.1f ms    must hold: 1,500 ms\n", "first frame of a follower",
                   (double)(bench_ns() - began) * 1e-6);
        double all_s = load(live, samples);
        printf("%-44s %10.2f s     %.1f times finding the newlines, %.2f million samples a second\n",
               meters == 0 ? "all of it" : "    with meters", all_s, all_s / newlines_s,
               (double)samples / all_s * 1e-6);
        afmon_live_close(live);
    }
}

/* ---- A live run beside a follower ---- */

static pid_t start_follower(const char *folder)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    afmon_live *live = follow(folder, false);
    for (;;) {
        update(live, 0.1);
        ask(live);
        usleep(100000);
    }
}

/* Nanoseconds of a record call, at 100,000 samples a second. */
static double paced_ns(const char *folder, const char *name, bool followed)
{
    static double bursts[PACED_S * PACED_PER_S / BURST];
    char path[1024];
    size_t count = sizeof bursts / sizeof bursts[0];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    pid_t follower = followed ? start_follower(path) : -1;
    afmon_monitor *monitor = bench_open(folder, name, (size_t)64 << 20);
    afmon_metric *metric = NULL;
    if (afmon_metric_resolve(monitor, "generation_time", NULL, 0, &metric) != AFMON_OK)
        bench_die("no handle");
    int64_t begin = bench_ns();
    for (size_t i = 0; i < count; i++) {
        int64_t due = begin + (int64_t)i * BURST * (1000000000 / PACED_PER_S);
        while (bench_ns() < due)
            usleep(500);
        int64_t began = bench_ns();
        for (int k = 0; k < BURST; k++)
            afmon_record(metric, 0.25 * k);
        bursts[i] = (double)(bench_ns() - began) / BURST;
    }
    afmon_monitor_close(monitor, NULL);
    if (follower > 0) {
        kill(follower, SIGKILL);
        waitpid(follower, NULL, 0);
    }
    return bench_median(bursts, count);
}

static void measure_beside(const char *folder)
{
    double alone[ROUNDS], followed[ROUNDS];
    char name[32];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(name, sizeof name, "alone-%d", i);
        alone[i] = paced_ns(folder, name, false);
        snprintf(name, sizeof name, "followed-%d", i);
        followed[i] = paced_ns(folder, name, true);
    }
    double a = bench_median(alone, ROUNDS);
    double b = bench_median(followed, ROUNDS);
    printf("%-44s %10.1f ns\n", "a record call, 100,000 a second", a);
    printf("%-44s %10.1f ns    %.2f times\n", "the same, followed by another process", b, b / a);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        bench_die("usage: bench_live FOLDER [SAMPLES]");
    long samples = argc > 2 ? strtol(argv[2], NULL, 10) : 10000000;
    char folder[900], small[900];
    snprintf(folder, sizeof folder, "%s/large", argv[1]);
    snprintf(small, sizeof small, "%s/small", argv[1]);
    samples = samples > 100 * PER_CALL ? samples : 100 * PER_CALL;
    if (mkdir(folder, 0777) != 0 || mkdir(small, 0777) != 0)
        bench_die("the folders cannot be made");
    measure_beside(argv[1]);
    fflush(stdout);
    write_lines(folder, 0, samples);
    write_lines(small, 0, samples / 100);
    measure_large(folder, samples);
    fflush(stdout);
    measure_updates(small, samples / 100);
    measure_updates(folder, samples);
    return 0;
}
