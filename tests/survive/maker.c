/* Makes items in a run folder, and keeps a ledger of its own of what became of each; to be stopped, forked and killed.
 *
 * maker FOLDER LEDGER SEED [items=N] [threads=N] [open=N] [children=N] [kill=N] [ids=number|text|odd] [retries]
 *       [drop] [small] [leave] [long]
 *
 * The ledger is shared memory (a file), which nothing of the library touches: struct ledger, of which simulate.py reads
 * the same. Each process notes there what it is about to do and what has returned, so that after SIGKILL the ledger
 * says what must be in the run, and what may be. Items that processes which are gone left open are made again first.
 * While `pause` is set nothing is recorded: each process has flushed its monitor, and says that it waits.
 *
 * items: begun by this process. open: at a time, in each thread. children: processes that are forked with the monitor,
 * which close it, leave it, or are killed. kill: SIGKILL after so many steps, between two calls. ids: how items are
 * named. retries: most calls are tried again. drop: a full ring drops. small: rings of 16 KiB. leave: ends without
 * closing the monitor. long: thousands of items are open at the same time. */
#include <afmon/afmon.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOTS = 16384, PROCESSES = 256, OPEN_MAX = 4096 };
enum state { FREE, BEGINNING, OPEN, ENDING, ENDED };
enum process_state { RUNNING = 1, PAUSED, GONE };

/* An item, by its number. */
struct slot {
    uint8_t state; /* enum state */
    uint8_t outcome;
    uint8_t reason;
    uint8_t lost;             /* a call of it returned that it was not recorded */
    _Atomic uint32_t process; /* that makes it */
    uint32_t begins;          /* that were recorded */
    uint32_t retries;         /* since the last one */
    uint32_t calls_begun;
    uint32_t calls;
    uint32_t failures;
    uint32_t told; /* the highest attempt of a call that was recorded */
};

struct process {
    _Atomic uint32_t pid;
    _Atomic uint32_t state;
};

struct ledger {
    _Atomic uint32_t next;
    _Atomic uint32_t processes;
    _Atomic uint32_t pause;
    _Atomic uint32_t unused;
    struct process process[PROCESSES];
    struct slot slot[SLOTS];
};

struct making {
    afmon_item *item;
    uint32_t number;
};

struct options {
    unsigned items, threads, open, children, kill;
    char ids;
    bool retries, drop, small, leave, lasting;
};

static struct options options = {.items = 100, .threads = 1, .open = 4, .ids = 'n'};
static struct ledger *ledger;
static afmon_monitor *monitor;
static uint32_t self;                /* which process of the ledger */
static _Atomic unsigned steps;       /* of this process */
static _Atomic unsigned begun;       /* by it */
static _Atomic uint32_t looked_at;   /* items of which it is known whether others left them */
static _Atomic unsigned running = 1; /* threads of it */
static _Atomic unsigned waiting;     /* threads that wait for the end of a pause */

static const char *const kinds[] = {"conversation", "persona"};
static const char *const reasons[] = {"gate", "critic", "too short"};
static const char *const types[] = {"Timeout", "RateLimit", "Refused"};

static void die(const char *why)
{
    fprintf(stderr, "%s\n", why);
    _exit(3);
}

static void join_ledger(void)
{
    self = atomic_fetch_add(&ledger->processes, 1);
    if (self >= PROCESSES)
        die("too many processes");
    atomic_store(&ledger->process[self].state, RUNNING);
    atomic_store(&ledger->process[self].pid, (uint32_t)getpid());
}

/* ---- Pauses and kills ---- */

/* Whoever sees that all threads wait writes all out; under faults that takes some tries. */
static void write_out(void)
{
    while (afmon_monitor_flush(monitor, 60, NULL) != AFMON_OK)
        usleep(1000);
    atomic_store(&ledger->process[self].state, PAUSED);
}

static void wait_for_the_end_of_the_pause(void)
{
    atomic_fetch_add(&waiting, 1);
    while (atomic_load(&ledger->pause)) {
        if (atomic_load(&waiting) == atomic_load(&running) && atomic_load(&ledger->process[self].state) == RUNNING)
            write_out();
        usleep(500);
    }
    atomic_fetch_sub(&waiting, 1);
    atomic_store(&ledger->process[self].state, RUNNING);
}

static void step(unsigned *seed)
{
    unsigned done = atomic_fetch_add(&steps, 1) + 1;
    if (options.kill > 0 && done >= options.kill)
        raise(SIGKILL);
    if (atomic_load(&ledger->pause))
        wait_for_the_end_of_the_pause();
    if (rand_r(seed) % 8 == 0)
        usleep((useconds_t)(rand_r(seed) % 400));
}

/* A step in which there is nothing to do. */
static void rest(unsigned *seed)
{
    step(seed);
    usleep(500);
}

/* ---- One item ---- */

static afmon_status begin(uint32_t number, afmon_item **item)
{
    char id[64];
    const char *kind = kinds[number % 5 == 0];
    if (options.ids == 'n')
        return afmon_item_begin_number(monitor, kind, (int64_t)number * (number % 3 == 0 ? -1000000007LL : 1), item);
    if (options.ids == 't')
        snprintf(id, sizeof id, "c-%06" PRIu32, number);
    else
        snprintf(id, sizeof id, "\xf0\x9f\xa6\x8a \"%" PRIu32 "\\\n<b>\x1b[1m", number);
    return afmon_item_begin(monitor, kind, id, item);
}

static struct making begin_item(uint32_t number)
{
    struct making making = {.number = number};
    struct slot *slot = &ledger->slot[number];
    slot->process = self;
    slot->state = BEGINNING;
    afmon_status status = begin(number, &making.item);
    if (making.item == NULL)
        die("no item was begun");
    slot->begins += status == AFMON_OK;
    slot->lost |= status != AFMON_OK;
    slot->retries = 0;
    slot->outcome = 0;
    slot->state = OPEN;
    return making;
}

static void call(const struct making *making, unsigned *seed)
{
    struct slot *slot = &ledger->slot[making->number];
    bool failed = rand_r(seed) % 6 == 0;
    afmon_generation generation = {.duration_s = 0.001 * (rand_r(seed) % 1000),
                                   .success = !failed,
                                   .error = failed ? "late" : NULL,
                                   .model_name = "m",
                                   .prompt_token_count = AFMON_GIVEN(10),
                                   .completion_token_count = AFMON_GIVEN(5),
                                   .item = making->item};
    slot->calls_begun++;
    afmon_status status = afmon_track_generation(monitor, &generation);
    slot->calls += status == AFMON_OK;
    if (status == AFMON_OK && slot->retries + 1 > slot->told)
        slot->told = slot->retries + 1;
    slot->failures += status == AFMON_OK && failed;
    slot->lost |= status != AFMON_OK;
    if (status != AFMON_OK)
        slot->calls_begun--;
    if ((unsigned)rand_r(seed) % 100 < (options.retries ? 80U : 10U)) {
        afmon_item_retry(making->item);
        slot->retries++;
    }
}

static void end_item(struct making *making, unsigned *seed)
{
    struct slot *slot = &ledger->slot[making->number];
    unsigned choice = (unsigned)rand_r(seed) % 100;
    slot->outcome = choice < 60 ? 1 : choice < 85 ? 2 : 3;
    slot->reason = (uint8_t)(rand_r(seed) % 3);
    slot->state = ENDING;
    afmon_status status = slot->outcome == 1   ? afmon_item_accept(making->item)
                          : slot->outcome == 2 ? afmon_item_reject(making->item, reasons[slot->reason])
                                               : afmon_item_fail(making->item, types[slot->reason]);
    making->item = NULL;
    slot->lost |= status != AFMON_OK;
    if (status != AFMON_OK)
        slot->outcome = 0;
    slot->state = ENDED;
}

/* ---- Which one comes next ---- */

static bool is_gone(uint32_t process)
{
    pid_t pid = (pid_t)atomic_load(&ledger->process[process].pid);
    return atomic_load(&ledger->process[process].state) == GONE || (pid != getpid() && kill(pid, 0) != 0);
}

/* Whether it was left by a process that is gone, and is ours from now on. */
static bool take_over(struct slot *slot)
{
    uint32_t process = atomic_load(&slot->process);
    return slot->state != FREE && slot->state != ENDED && process != self && is_gone(process) &&
           atomic_compare_exchange_strong(&slot->process, &process, self);
}

/* First what others left, then new ones. False: no more. */
static bool next_number(uint32_t *number)
{
    uint32_t known = atomic_load(&ledger->next);
    while ((*number = atomic_fetch_add(&looked_at, 1)) < known && *number < SLOTS)
        if (take_over(&ledger->slot[*number]))
            return true;
    if (atomic_fetch_add(&begun, 1) >= options.items)
        return false;
    *number = atomic_fetch_add(&ledger->next, 1);
    return *number < SLOTS;
}

/* ---- Threads and children ---- */

static void *make_items(void *own_seed)
{
    unsigned seed = *(unsigned *)own_seed;
    unsigned most = options.lasting ? OPEN_MAX : options.open;
    struct making *open = calloc(most, sizeof *open);
    unsigned count = 0;
    bool more = true;
    if (open == NULL)
        die("no memory");
    while (more || count > 0) {
        unsigned choice = (unsigned)rand_r(&seed) % 100;
        uint32_t number;
        step(&seed);
        if (more && (count == 0 || (count < most && choice < (options.lasting ? 60U : 30U)))) {
            more = next_number(&number);
            if (more)
                open[count++] = begin_item(number);
            continue;
        }
        unsigned at = (unsigned)rand_r(&seed) % count;
        if (choice < 75) {
            call(&open[at], &seed);
        } else if (choice < 98) {
            end_item(&open[at], &seed);
            open[at] = open[--count];
        } else {
            afmon_item_drop(open[at].item);
            open[at] = open[--count];
        }
    }
    free(open);
    return NULL;
}

static void be_a_child(unsigned seed, unsigned choice)
{
    join_ledger();
    atomic_store(&running, 1);
    atomic_store(&steps, 0);
    atomic_store(&begun, 0);
    atomic_store(&waiting, 0);
    options.items = 5 + choice % 40;
    options.kill = choice % 3 == 0 ? 1 + choice % 150 : 0;
    make_items(&seed);
    if (choice % 3 == 1)
        (void)afmon_monitor_close(monitor, NULL);
    _exit(0);
}

#ifdef __SANITIZE_THREAD__
enum { MAY_FORK = 0 }; /* ThreadSanitizer ends each child of several threads that starts one */
#else
enum { MAY_FORK = 1 };
#endif

static void fork_children(unsigned *seed)
{
    for (unsigned i = 0; MAY_FORK && i < options.children; i++) {
        unsigned choice = (unsigned)rand_r(seed);
        pid_t child = fork();
        if (child == 0)
            be_a_child(choice + i, choice);
        for (unsigned j = 0; j < 20; j++)
            step(seed);
    }
}

static void wait_for_children(unsigned *seed)
{
    int status;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) >= 0) {
        if (ended == 0)
            rest(seed);
        else if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL : WEXITSTATUS(status) != 0)
            die("a child died of what nobody sent");
    }
}

static void *run_thread(void *seed)
{
    make_items(seed);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void make_in_threads(unsigned *seed)
{
    pthread_t thread[16];
    unsigned seeds[16];
    unsigned count = options.threads < 16 ? options.threads : 16;
    atomic_fetch_add(&running, count);
    for (unsigned i = 0; i < count; i++) {
        seeds[i] = (unsigned)rand_r(seed);
        if (pthread_create(&thread[i], NULL, run_thread, &seeds[i]) != 0)
            die("no thread");
    }
    while (atomic_load(&running) > 1)
        rest(seed);
    for (unsigned i = 0; i < count; i++)
        (void)pthread_join(thread[i], NULL);
}

/* ---- The beginning ---- */

static void take_option(const char *text)
{
    unsigned number = 0;
    const char *equals = strchr(text, '=');
    if (equals != NULL)
        number = (unsigned)strtoul(equals + 1, NULL, 10);
    if (strncmp(text, "items=", 6) == 0)
        options.items = number;
    else if (strncmp(text, "threads=", 8) == 0)
        options.threads = number;
    else if (strncmp(text, "open=", 5) == 0)
        options.open = number < OPEN_MAX ? number : OPEN_MAX;
    else if (strncmp(text, "children=", 9) == 0)
        options.children = number;
    else if (strncmp(text, "kill=", 5) == 0)
        options.kill = number;
    else if (strncmp(text, "ids=", 4) == 0)
        options.ids = equals[1];
    else if (strcmp(text, "retries") == 0)
        options.retries = true;
    else if (strcmp(text, "drop") == 0)
        options.drop = true;
    else if (strcmp(text, "small") == 0)
        options.small = true;
    else if (strcmp(text, "leave") == 0)
        options.leave = true;
    else if (strcmp(text, "long") == 0)
        options.lasting = true;
    else
        die(text);
}

static void open_monitor(const char *folder)
{
    afmon_options given;
    afmon_error error;
    afmon_options_init(&given);
    given.log_dir = folder;
    if (options.drop)
        given.on_full = AFMON_FULL_DROP;
    if (options.small)
        given.ring_bytes = 16384;
    for (int try = 0; try < 1000; try++) { /* what is injected may hit the opening, too */
        if (afmon_monitor_open(&given, &monitor, &error) == AFMON_OK)
            return;
        usleep(1000);
    }
    die(error.message);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    unsigned seed = (unsigned)strtoul(argv[3], NULL, 10);
    for (int i = 4; i < argc; i++)
        take_option(argv[i]);
    int file = open(argv[2], O_RDWR | O_CLOEXEC);
    ledger = file >= 0 ? mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
    if (ledger == MAP_FAILED)
        return 2;
    open_monitor(argv[1]);
    join_ledger();
    puts("making");
    fflush(stdout);
    fork_children(&seed);
    make_in_threads(&seed);
    wait_for_children(&seed);
    if (!options.leave)
        (void)afmon_monitor_close(monitor, NULL);
    _exit(0); /* whoever waits for the process says that it is gone */
}
