/* Records without end into a run folder, and says which calls have returned; to be killed.
 *
 * recorder FOLDER ACKS THREADS NAME [short] [forks] [drop] [small] [headless] [paced] [relay]
 *
 * A stream is a series that one thread records: the values 0, 1, 2 ... by turns through a handle, by name with
 * metadata, and with a text as long as a ring's quarter. A call that is refused is made again with the same value. Each
 * return of a call is acknowledged by pwrite(2) to ACKS, which nothing of the library touches: stream N has 8 bytes
 * there, the number of its calls that have returned. Streams are named NAME-N; THREADS of them go on to the end. short:
 * a thread comes and goes at any time, with a stream of its own. forks: so do children, which close the monitor, leave
 * it, are killed, or stay. drop: a full ring drops. small: rings of 16 KiB. headless: the first thread ends. paced: a
 * call a millisecond in each thread, and few samples kept in memory, as for a run of hours. relay: each stream is
 * carried on by one thread after another. The first 8 bytes of ACKS count what went wrong: children that died of a
 * signal that nobody sent. */
#include <afmon/afmon.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONG_TEXT 100000
#define LIVES 16
#define LEG 1000 /* calls of a relay's thread */

static afmon_monitor *monitor;
static int acks;
static const char *name;
static _Atomic uint64_t *next_stream; /* shared with the children */
static char long_text[LONG_TEXT + 1];
static _Atomic int lives; /* threads that come and go */
static int paced;

static void acknowledge(uint64_t slot, uint64_t count)
{
    ssize_t written;
    do
        written = pwrite(acks, &count, sizeof count, (off_t)(slot * sizeof count));
    while (written != (ssize_t)sizeof count);
}

static afmon_status record_one(const char *series, afmon_metric *handle, uint64_t i)
{
    afmon_field fields[] = {afmon_string("model_name", "m"), afmon_int("i", (int64_t)i)};
    if (i % 1000 == 999)
        return afmon_record_metric(monitor, series, (double)i, (afmon_field[]){afmon_string("text", long_text)}, 1);
    if (i % 3 == 0 || handle == NULL)
        return afmon_record_metric(monitor, series, (double)i, fields, 2);
    return afmon_record(handle, (double)i);
}

struct leg {
    uint64_t stream, from, to; /* to 0: without end */
};

static void record_leg(const struct leg *leg)
{
    char series[80];
    snprintf(series, sizeof series, "%s-%llu", name, (unsigned long long)leg->stream);
    afmon_metric *handle = NULL;
    (void)afmon_metric_resolve(monitor, series, NULL, 0, &handle);
    for (uint64_t i = leg->from; leg->to == 0 || i < leg->to;) {
        if (record_one(series, handle, i) != AFMON_OK) {
            usleep(200);
            continue;
        }
        acknowledge(1 + leg->stream, ++i);
        if (paced)
            usleep(1000);
    }
}

/* Records a stream of its own; without end where count is 0. */
static void record_stream(uint64_t count)
{
    record_leg(&(struct leg){.stream = atomic_fetch_add(next_stream, 1), .to = count});
}

static void *for_ever(void *none)
{
    record_stream(0);
    return none;
}

static void *run_leg(void *leg)
{
    record_leg(leg);
    return NULL;
}

static void *relay(void *none)
{
    struct leg leg = {.stream = atomic_fetch_add(next_stream, 1), .to = LEG};
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, run_leg, &leg) != 0) {
            usleep(1000);
            continue;
        }
        pthread_join(thread, NULL);
        leg.from = leg.to;
        leg.to += LEG;
    }
    return none;
}

static void *for_a_moment(void *seed)
{
    record_stream(1 + *(unsigned *)seed % 300);
    free(seed);
    atomic_fetch_sub(&lives, 1);
    return NULL;
}

static void *short_lives(void *none)
{
    unsigned seed = (unsigned)getpid();
    for (;;) {
        unsigned *own = malloc(sizeof *own);
        pthread_t thread;
        if (own == NULL || atomic_load(&lives) >= LIVES) { /* on a full disk they wait */
            free(own);
            usleep(1000);
            continue;
        }
        *own = (unsigned)rand_r(&seed);
        atomic_fetch_add(&lives, 1);
        if (pthread_create(&thread, NULL, for_a_moment, own) == 0)
            pthread_detach(thread);
        else
            atomic_fetch_sub(&lives, 1); /* none to be had: its few bytes go with the process */
        usleep((useconds_t)(rand_r(&seed) % 3000));
    }
    return none;
}

/* What a child does with the monitor that it inherited. */
static void be_a_child(unsigned choice)
{
    pthread_t thread;
    switch (choice % 4) {
    case 0: /* closes it */
        record_stream(1 + choice % 200);
        afmon_monitor_close(monitor, NULL);
        _exit(0);
    case 1: /* leaves it */
        record_stream(1 + choice % 200);
        _exit(0);
    case 2: /* is killed */
        if (pthread_create(&thread, NULL, for_ever, NULL) == 0)
            usleep((useconds_t)(choice % 5000));
        raise(SIGKILL);
        break;
    default:
        record_stream(0);
    }
}

#ifdef __SANITIZE_THREAD__
enum { MAY_FORK = 0 }; /* ThreadSanitizer ends each child of several threads that starts one */
#else
enum { MAY_FORK = 1 };
#endif

static void fork_now_and_then(void)
{
    unsigned seed = (unsigned)getpid();
    uint64_t bad = 0;
    for (int children = 0;;) {
        int status;
        while (waitpid(-1, &status, WNOHANG) > 0) {
            children--;
            if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL : WEXITSTATUS(status) != 0)
                acknowledge(0, ++bad);
        }
        unsigned choice = (unsigned)rand_r(&seed);
        pid_t child = children < 6 ? fork() : -1;
        if (child == 0)
            be_a_child(choice);
        children += child > 0;
        usleep(2000 + (useconds_t)(rand_r(&seed) % 8000));
    }
}

static int has_option(int argc, char **argv, const char *option)
{
    for (int i = 5; i < argc; i++)
        if (strcmp(argv[i], option) == 0)
            return 1;
    return 0;
}

static int open_monitor(int argc, char **argv)
{
    afmon_options options;
    afmon_error error;
    afmon_options_init(&options);
    options.log_dir = argv[1];
    if (has_option(argc, argv, "drop"))
        options.on_full = AFMON_FULL_DROP;
    if (has_option(argc, argv, "small"))
        options.ring_bytes = 16384;
    if (paced)
        options.max_memory = 16 << 20;
    for (int try = 0; try < 100; try++) { /* what is injected may hit the opening, too */
        if (afmon_monitor_open(&options, &monitor, &error) == AFMON_OK)
            return 1;
        usleep(1000);
    }
    fprintf(stderr, "%s\n", error.message);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    int threads = atoi(argv[3]);
    name = argv[4];
    paced = has_option(argc, argv, "paced");
    acks = open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    next_stream = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (acks < 0 || threads < 1 || threads > 16 || next_stream == MAP_FAILED)
        return 2;
    memset(long_text, 'x', LONG_TEXT);
    if (!open_monitor(argc, argv))
        return 1;
    pthread_t thread;
    for (int i = 0; i < threads; i++)
        if (pthread_create(&thread, NULL, has_option(argc, argv, "relay") ? relay : for_ever, NULL) != 0)
            return 1;
    if (has_option(argc, argv, "short") && pthread_create(&thread, NULL, short_lives, NULL) != 0)
        return 1;
    puts("recording");
    fflush(stdout);
    if (MAY_FORK && has_option(argc, argv, "forks"))
        fork_now_and_then();
    if (has_option(argc, argv, "headless"))
        pthread_exit(NULL);
    pause();
    return 1;
}
