/* What a run gives out: the time of a scrape, what a producer pays while it is scraped, and 200,000 samples a second
 * into receivers on loopback that keep up, and into some that do not. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "support.h"
#include "web.h"

enum { SERIES = 200, SCRAPES = 51, ANEW = 11, BURST = 2000, BURSTS = 400, RATE = 200000, SECONDS = 5 };

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
    printf("scrape of %d metrics (a histogram and a counter each, %zu KiB): %.2f ms, longest %.2f ms\n", SERIES,
           bytes >> 10, median, times[SCRAPES - 1]);
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

struct scraper {
    afmon_monitor *monitor;
    atomic_bool stop;
};

static void *scrape_every_second(void *user)
{
    struct scraper *scraper = user;
    size_t bytes;
    while (!atomic_load(&scraper->stop)) {
        scrape_ms(scraper->monitor, &bytes);
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

static void measure_producers(const char *folder)
{
    afmon_monitor *plain = open_with(folder, "plain", NULL, NULL);
    afmon_monitor *scraped = open_with(folder, "scraped", "", NULL);
    struct scraper scraper = {.monitor = scraped};
    pthread_t thread;
    double without = record_ns(plain);
    pthread_create(&thread, NULL, scrape_every_second, &scraper);
    double with = record_ns(scraped);
    atomic_store(&scraper.stop, true);
    pthread_join(thread, NULL);
    printf("afmon_record: %.1f ns, while scraped every second %.1f ns (%.2f times)\n", without, with, with / without);
    afmon_monitor_close(plain, NULL);
    afmon_monitor_close(scraped, NULL);
}

/* ---- receivers ---- */

struct receiver {
    int fd;
    char address[64];
    atomic_bool stop;
    atomic_ulong lines;
    atomic_ulong posts;
    pthread_t thread;
};

static void open_receiver(struct receiver *receiver, int type, void *(*run)(void *), const char *form)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int buffer = 16 << 20;
    struct timeval patience = {.tv_usec = 100000};
    receiver->fd = socket(AF_INET, type, 0);
    if (setsockopt(receiver->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
        setsockopt(receiver->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(receiver->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (bind(receiver->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        (type == SOCK_STREAM && listen(receiver->fd, 16) != 0) ||
        getsockname(receiver->fd, (struct sockaddr *)&address, &size) != 0)
        bench_die("no receiver");
    snprintf(receiver->address, sizeof receiver->address, form, ntohs(address.sin_port));
    pthread_create(&receiver->thread, NULL, run, receiver);
}

static void close_receiver(struct receiver *receiver)
{
    atomic_store(&receiver->stop, true);
    pthread_join(receiver->thread, NULL);
    close(receiver->fd);
}

static void *take_packets(void *user)
{
    static char packet[65536];
    struct receiver *receiver = user;
    while (!atomic_load(&receiver->stop)) {
        ssize_t size = recv(receiver->fd, packet, sizeof packet, 0);
        for (ssize_t i = 0; i < size; i++)
            if (packet[i] == '\n')
                atomic_fetch_add(&receiver->lines, 1);
    }
    return NULL;
}

/* Reads a whole request, answers 200. */
static void answer(int fd)
{
    static char request[4 << 20];
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    size_t length = 0;
    for (;;) {
        ssize_t got = recv(fd, request + length, sizeof request - 1 - length, 0);
        if (got <= 0)
            return;
        length += (size_t)got;
        request[length] = '\0';
        const char *body = strstr(request, "\r\n\r\n");
        const char *size = strstr(request, "Content-Length: ");
        if (body != NULL && size != NULL && request + length >= body + 4 + atol(size + 16))
            break;
    }
    if (send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL) < 0)
        return;
}

static void *take_posts(void *user)
{
    struct receiver *receiver = user;
    while (!atomic_load(&receiver->stop)) {
        int fd = accept(receiver->fd, NULL, NULL);
        if (fd < 0)
            continue;
        answer(fd);
        close(fd);
        atomic_fetch_add(&receiver->posts, 1);
    }
    return NULL;
}

/* Takes connections, and never says a word. */
static void *hang(void *user)
{
    struct receiver *receiver = user;
    int held[64];
    size_t count = 0;
    while (!atomic_load(&receiver->stop)) {
        int fd = accept(receiver->fd, NULL, NULL);
        if (fd >= 0 && count < sizeof held / sizeof held[0])
            held[count++] = fd;
    }
    while (count > 0)
        close(held[--count]);
    return NULL;
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

static void measure_handler(const char *folder, const char *name, const afmon_metric_handler *handler)
{
    afmon_stats stats;
    long before_kib = peak_kib();
    afmon_close_report report;
    afmon_monitor *monitor = open_with(folder, name, NULL, handler);
    int64_t began = bench_ns();
    uint64_t made = produce(monitor);
    double seconds = (double)(bench_ns() - began) / 1e9;
    afmon_monitor_stats(monitor, &stats);
    afmon_monitor_close(monitor, &report);
    printf("%s: %.0f samples a second for %.1f s: %llu recorded, %llu missed, %llu lost, the oldest waited %.3f s, "
           "%ld MiB more\n",
           name, (double)made / seconds, seconds, (unsigned long long)made, (unsigned long long)report.handler_missed,
           (unsigned long long)report.handler_lost, stats.handlers[0].lag_s, (peak_kib() - before_kib) >> 10);
}

static void measure_otlp(const char *folder, const char *name, void *(*run)(void *))
{
    struct receiver receiver = {0};
    afmon_otlp_options options;
    afmon_metric_handler handler;
    open_receiver(&receiver, SOCK_STREAM, run, "http://127.0.0.1:%d");
    afmon_otlp_options_init(&options);
    options.endpoint = receiver.address;
    options.interval_s = 1;
    if (afmon_otlp_metric_handler(&options, &handler, NULL) != AFMON_OK)
        bench_die("no OTLP handler");
    measure_handler(folder, name, &handler);
    close_receiver(&receiver);
    printf("    the receiver took %lu posts\n", atomic_load(&receiver.posts));
}

/* Nobody is at the address where it is closed: what is sent is refused. */
static void measure_statsd(const char *folder, const char *name, bool closed)
{
    struct receiver receiver = {0};
    afmon_statsd_options options;
    afmon_metric_handler handler;
    open_receiver(&receiver, SOCK_DGRAM, take_packets, "127.0.0.1:%d");
    if (closed)
        close_receiver(&receiver);
    afmon_statsd_options_init(&options);
    options.address = receiver.address;
    if (afmon_statsd_handler(&options, &handler, NULL) != AFMON_OK)
        bench_die("no StatsD handler");
    measure_handler(folder, name, &handler);
    if (closed)
        return;
    nap_ns(300000000);
    close_receiver(&receiver);
    printf("    the receiver took %lu lines\n", atomic_load(&receiver.lines));
}

int main(int argc, char **argv)
{
    if (argc != 2)
        bench_die("give an empty folder");
    measure_scrapes(argv[1]);
    measure_served(argv[1]);
    measure_producers(argv[1]);
    measure_otlp(argv[1], "OTLP", take_posts);
    measure_otlp(argv[1], "OTLP, a receiver that hangs", hang);
    measure_statsd(argv[1], "StatsD", false);
    measure_statsd(argv[1], "StatsD, nobody there", true);
    return 0;
}
