/* What a run gives out: the time of a scrape, what a producer pays while it is scraped, and 200,000 samples a second
 * into receivers on loopback that keep up, and into some that do not. Ends with status 1 where one that keeps up did
 * not get every sample, or where one that does not is not counted to the last sample.
 *
 *     bench_feeds FOLDER      FOLDER: an empty one; the command is taken from the same build */
#include <sys/resource.h>

#include "receivers.h"
#include "web.h"

enum { SERIES = 200, SCRAPES = 51, ANEW = 11, BURST = 2000, BURSTS = 400, ROUNDS = 3, RATE = 200000, SECONDS = 5 };

static afmon_monitor *open_with(const char *folder, const char *name, const char *listen,
                                const afmon_metric_handler *handler)
{
    char path[512];
    afmon_options options;
    afmon_monitor *monitor;
    afmon_error error;
    afmon_metric_handler handlers[2] = {afmon_metric_file_handler()};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    afmon_options_init(&options);
    options.log_dir = path;
    options.prometheus_listen = listen;
    options.metric_handlers = handlers;
    options.metric_handler_count = handler == NULL ? 1 : 2;
    if (handler != NULL)
        handlers[1] = *handler;
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        bench_die(error.message);
    return monitor;
}

static void nap_ns(long ns)
{
    nanosleep(&(struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000}, NULL);
}

/* ---- scrapes ---- */

static int count_bytes(void *user, const void *data, size_t size)
{
    (void)data;
    *(size_t *)user += size;
    return 0;
}

static double scrape_ms(afmon_monitor *monitor, size_t *bytes)
{
    int64_t began = bench_ns();
    *bytes = 0;
    if (afmon_monitor_prometheus_write(monitor, AFMON_OPENMETRICS, count_bytes, bytes, NULL) != AFMON_OK)
        bench_die("no scrape");
    return (double)(bench_ns() - began) / 1e6;
}

static void record_series(afmon_monitor *monitor)
{
    for (int i = 0; i < SERIES * 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "metric_%d", i % SERIES);
        afmon_record_metric(monitor, name, i, NULL, 0);
    }
    afmon_monitor_flush(monitor, 60, NULL);
}

static void measure_scrapes(const char *folder)
{
    afmon_monitor *monitor = open_with(folder, "scrape", "", NULL);
    double times[SCRAPES];
    size_t bytes = 0;
    record_series(monitor);
    for (int i = 0; i < SCRAPES; i++)
        times[i] = scrape_ms(monitor, &bytes);
    double median = bench_median(times, SCRAPES);
    printf(
        "scrape of %d metrics (a histogram and a counter each, %zu KiB): %.2f ms, longest %.2f ms    must hold: 2 ms\n",
        SERIES, bytes >> 10, median, times[SCRAPES - 1]);
    afmon_monitor_close(monitor, NULL);
}

/* ---- scrapes of afmon serve ---- */

/* From the question to the last byte; a chunked answer ends with an empty chunk. */
static double served_ms(const struct bench_server *server, const char *until)
{
    static char kept[1 << 20];
    int64_t began = bench_ns();
    int fd = bench_ask(server, "/metrics");
    kept[0] = '\0';
    bool there = bench_wait_for(fd, until, kept, sizeof kept);
    double ms = (double)(bench_ns() - began) / 1e6;
    close(fd);
    return there ? ms : -1;
}

/* Two hundred metrics in a run that goes on: an answer that is at hand, and one that is made anew with what is new. */
static void measure_served(const char *folder)
{
    char path[512];
    double at_hand[SCRAPES], anew[ANEW], cpu_s;
    snprintf(path, sizeof path, "%s/served", folder);
    afmon_monitor *monitor = open_with(folder, "served/run", NULL, NULL);
    record_series(monitor);
    struct bench_server server = bench_serve(path);
    while (served_ms(&server, "state=\"given\"} 1.0") < 0)
        nap_ns(100000000);
    for (int i = 0; i < ANEW; i++) {
        for (int j = 0; j < 1000; j++)
            afmon_record_metric(monitor, "metric_7", i, NULL, 0);
        nap_ns(1100000000);
        anew[i] = served_ms(&server, "0\r\n\r\n");
    }
    cpu_s = bench_cpu_s(server.pid);
    for (int i = 0; i < SCRAPES; i++)
        at_hand[i] = served_ms(&server, "0\r\n\r\n");
    cpu_s = bench_cpu_s(server.pid) - cpu_s;
    bench_serve_end(&server);
    printf("scrape of afmon serve over HTTP, one such run: %.2f ms made anew with what is new, %.2f ms at hand "
           "(%.2f ms of processor)\n",
           bench_median(anew, ANEW), bench_median(at_hand, SCRAPES), cpu_s * 1000 / SCRAPES);
    afmon_monitor_close(monitor, NULL);
}

/* ---- producers ---- */

/* A client of its own connection each time, as Prometheus may be. */
struct scraper {
    int port;
    atomic_bool stop;
    atomic_int scrapes;
    pthread_t thread;
};

static void scrape_over_http(int port)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    static char answer[1 << 16];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t)port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1)
        bench_die("nobody can be scraped");
    ssize_t got = recv(fd, answer, 15, MSG_WAITALL);
    if (got != 15 || memcmp(answer, "HTTP/1.1 200 OK", 15) != 0)
        bench_die("a scrape was refused");
    while ((got = recv(fd, answer, sizeof answer, 0)) > 0)
        ;
    if (got < 0)
        bench_die("a scrape was cut off");
    close(fd);
}

static void *scrape_every_second(void *user)
{
    struct scraper *scraper = user;
    while (!atomic_load(&scraper->stop)) {
        scrape_over_http(scraper->port);
        atomic_fetch_add(&scraper->scrapes, 1);
        for (int i = 0; i < 100 && !atomic_load(&scraper->stop); i++)
            nap_ns(10000000);
    }
    return NULL;
}

static double record_ns(afmon_monitor *monitor)
{
    afmon_metric *handle;
    double bursts[BURSTS];
    uint64_t state = 88172645463325252u;
    if (afmon_metric_resolve(monitor, "generation_time", NULL, 0, &handle) != AFMON_OK)
        bench_die("no handle");
    for (int b = 0; b < BURSTS; b++) {
        int64_t began = bench_ns();
        for (int i = 0; i < BURST; i++)
            afmon_record(handle, bench_duration_s(&state));
        bursts[b] = (double)(bench_ns() - began) / BURST;
        nap_ns(5000000); /* the ring is drained meanwhile: 400,000 samples a second */
    }
    return bench_median(bursts, BURSTS);
}

static double record_while_scraped_ns(afmon_monitor *monitor, struct scraper *scraper)
{
    atomic_store(&scraper->stop, false);
    if (pthread_create(&scraper->thread, NULL, scrape_every_second, scraper) != 0)
        bench_die("no thread");
    double ns = record_ns(monitor);
    atomic_store(&scraper->stop, true);
    pthread_join(scraper->thread, NULL);
    return ns;
}

static int port_of(afmon_monitor *monitor)
{
    const char *url = afmon_monitor_prometheus_url(monitor);
    const char *colon = url == NULL ? NULL : strrchr(url, ':');
    if (colon == NULL)
        bench_die("the monitor does not listen");
    return atoi(colon + 1);
}

static void print_scraped(const char *what, double *with, int scrapes, double without)
{
    double median = bench_median(with, ROUNDS);
    printf("    %s scraped every second, %d times: %.1f ns, rounds %.1f to %.1f ns (%.2f times)", what, scrapes, median,
           with[0], with[ROUNDS - 1], median / without);
    printf("    must hold: within noise\n");
}

/* Three monitors with as many metrics, in turns, so that what else the machine does meets all of them: one alone, one
 * whose own listener is scraped over HTTP, one whose folder an afmon serve beside it is scraped for. */
static void measure_producers(const char *folder)
{
    char path[512];
    double alone[ROUNDS], listening[ROUNDS], beside[ROUNDS];
    afmon_monitor *monitors[] = {open_with(folder, "alone", NULL, NULL), open_with(folder, "own", "127.0.0.1:0", NULL),
                                 open_with(folder, "beside/run", NULL, NULL)};
    for (int i = 0; i < 3; i++)
        record_series(monitors[i]);
    snprintf(path, sizeof path, "%s/beside", folder);
    struct bench_server server = bench_serve(path);
    struct scraper own = {.port = port_of(monitors[1])}, served = {.port = server.port};
    for (int i = 0; i < ROUNDS; i++) {
        alone[i] = record_ns(monitors[0]);
        listening[i] = record_while_scraped_ns(monitors[1], &own);
        beside[i] = record_while_scraped_ns(monitors[2], &served);
    }
    bench_serve_end(&server);
    double without = bench_median(alone, ROUNDS);
    printf("afmon_record in a monitor of %d metrics: %.1f ns, rounds %.1f to %.1f ns\n", SERIES, without, alone[0],
           alone[ROUNDS - 1]);
    print_scraped("its own /metrics", listening, atomic_load(&own.scrapes), without);
    print_scraped("afmon serve beside it", beside, atomic_load(&served.scrapes), without);
    for (int i = 0; i < 3; i++)
        afmon_monitor_close(monitors[i], NULL);
}

/* ---- 200,000 a second ---- */

/* Every millisecond its share; returns the samples. */
static uint64_t produce(afmon_monitor *monitor)
{
    afmon_metric *handles[8];
    uint64_t state = 88172645463325252u;
    uint64_t made = 0;
    for (int i = 0; i < 8; i++) {
        char name[32];
        snprintf(name, sizeof name, "metric_%d", i);
        if (afmon_metric_resolve(monitor, name, (afmon_field[]){afmon_string("operation", "answer_generation")}, 1,
                                 &handles[i]) != AFMON_OK)
            bench_die("no handle");
    }
    int64_t began = bench_ns();
    while (made < (uint64_t)RATE * SECONDS) {
        uint64_t due = (uint64_t)(bench_ns() - began) / (1000000000 / RATE);
        for (; made < due; made++)
            afmon_record(handles[made % 8], bench_duration_s(&state));
        nap_ns(1000000);
    }
    return made;
}

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* What became of the samples of a run that was sent on. */
struct sent {
    uint64_t made, missed, lost;
};

static struct sent measure_handler(const char *folder, const char *name, const afmon_metric_handler *handler)
{
    afmon_stats stats;
    long before_kib = peak_kib();
    afmon_close_report report;
    afmon_monitor *monitor = open_with(folder, name, NULL, handler);
    int64_t began = bench_ns();
    struct sent sent = {.made = produce(monitor)};
    double seconds = (double)(bench_ns() - began) / 1e9;
    afmon_monitor_stats(monitor, &stats);
    afmon_monitor_close(monitor, &report);
    sent.missed = report.handler_missed;
    sent.lost = report.handler_lost;
    printf("%s, %d samples a second wanted: %.0f made for %.1f s, %llu in all\n", name, RATE,
           (double)sent.made / seconds, seconds, (unsigned long long)sent.made);
    printf("    %llu missed, %llu lost, the oldest waited %.3f s, %ld MiB more\n", (unsigned long long)sent.missed,
           (unsigned long long)sent.lost, stats.handlers[0].lag_s, (peak_kib() - before_kib) >> 10);
    return sent;
}

/* A receiver that keeps up gets all. */
static bool is_whole(const struct sent *sent, uint64_t received)
{
    bool whole = sent->missed == 0 && sent->lost == 0 && received == sent->made;
    printf("    the receiver took %llu samples    must hold: all, 0 missed, 0 lost%s\n", (unsigned long long)received,
           whole ? "" : ": DOES NOT HOLD");
    return whole;
}

/* Nobody got anything: each sample is missed or lost, and counted. */
static bool is_counted(const struct sent *sent)
{
    bool counted = sent->missed + sent->lost == sent->made;
    printf("    %llu counted as missed or lost    must hold: all%s\n", (unsigned long long)(sent->missed + sent->lost),
           counted ? "" : ": DOES NOT HOLD");
    return counted;
}

static bool measure_otlp(const char *folder, const char *name, bool hangs)
{
    struct http_receiver receiver = {0};
    afmon_otlp_options options;
    afmon_metric_handler handler;
    open_receiver(&receiver, SOCK_STREAM, hangs ? hang : take_posts, "http://127.0.0.1:%d");
    afmon_otlp_options_init(&options);
    options.endpoint = receiver.address;
    options.interval_s = 1;
    if (afmon_otlp_metric_handler(&options, &handler, NULL) != AFMON_OK)
        bench_die("no OTLP handler");
    struct sent sent = measure_handler(folder, name, &handler);
    close_receiver(&receiver);
    if (hangs)
        return is_counted(&sent);
    printf("    in %lu posts\n", atomic_load(&receiver.posts));
    return is_whole(&sent, receiver.samples);
}

/* Nobody is at the address where it is closed: what is sent is refused. */
static bool measure_statsd(const char *folder, const char *name, bool closed)
{
    struct http_receiver receiver = {0};
    afmon_statsd_options options;
    afmon_metric_handler handler;
    open_receiver(&receiver, SOCK_DGRAM, take_packets, "127.0.0.1:%d");
    if (closed)
        close_receiver(&receiver);
    afmon_statsd_options_init(&options);
    options.address = receiver.address;
    if (afmon_statsd_handler(&options, &handler, NULL) != AFMON_OK)
        bench_die("no StatsD handler");
    struct sent sent = measure_handler(folder, name, &handler);
    if (closed)
        return is_counted(&sent);
    nap_ns(300000000);
    uint32_t dropped = dropped_by(&receiver);
    close_receiver(&receiver);
    if (dropped > 0)
        printf("    the receiver's socket had no room for %u packets: it does not keep up on this machine\n", dropped);
    return is_whole(&sent, atomic_load(&receiver.lines));
}

int main(int argc, char **argv)
{
    if (argc != 2)
        bench_die("give an empty folder");
    /* First, while the process has had little memory, so that what they need shows. */
    bool good = measure_otlp(argv[1], "OTLP", false);
    good = measure_otlp(argv[1], "OTLP, a receiver that hangs", true) && good;
    good = measure_statsd(argv[1], "StatsD", false) && good;
    good = measure_statsd(argv[1], "StatsD, nobody there", true) && good;
    fflush(stdout);
    measure_scrapes(argv[1]);
    measure_served(argv[1]);
    measure_producers(argv[1]);
    return good ? 0 : 1;
}
