#include "money/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/random.h"
#include "base/status.h"
#include "base/words.h"
#include "money/ledger_file.h"

#define PICO 1e12
#define AMOUNT_MAX 1e18 /* picodollars of one call: a million dollars */
#define LOOKS 50

/* ---- Amounts ---- */

/* Not a number, and below zero: nothing. */
static int64_t bounded(double pico)
{
    return pico > 0 ? (int64_t)fmin(pico, AMOUNT_MAX) : 0;
}

static int64_t up(double usd)
{
    return bounded(ceil(usd * PICO));
}

/* What calls cost: rounded up, a thousand would be billionths of a cent more than they were. */
static int64_t nearest(double usd)
{
    return bounded(round(usd * PICO));
}

/* What does not fit becomes the most that does. */
static void add(int64_t *sum, int64_t amount)
{
    if (__builtin_add_overflow(*sum, amount, sum))
        *sum = INT64_MAX;
}

static double dollars(int64_t pico)
{
    return (double)pico / PICO;
}

/* ---- What is held ---- */

struct held {
    int64_t living; /* of calls in flight */
    uint64_t living_calls;
    int64_t dead; /* of processes that are gone */
    uint64_t dead_calls;
};

/* own: the slot of this process, whose lock it cannot ask about. */
static struct held held_in(const struct afmon_ledger_page *page, int fd, size_t own)
{
    struct held held = {0};
    for (size_t i = 0; i < AFMON_LEDGER_SLOTS; i++) {
        const struct afmon_ledger_slot *slot = &page->slots[i];
        if (slot->owner == 0 || slot->reserved == 0)
            continue;
        bool lives = i == own || afmon_ledger_slot_lives(fd, i);
        add(lives ? &held.living : &held.dead, slot->reserved);
        *(lives ? &held.living_calls : &held.dead_calls) += slot->calls;
    }
    return held;
}

/* Whether nobody but this process uses the ledger. */
static bool is_alone(const struct afmon_ledger *ledger)
{
    for (size_t i = 0; i < AFMON_LEDGER_SLOTS; i++)
        if (i != ledger->slot && ledger->page.slots[i].owner != 0 && afmon_ledger_slot_lives(ledger->fd, i))
            return false;
    return true;
}

/* What a slot still holds, of a process that is gone: nobody knows what it cost. */
static void make_uncertain(struct afmon_ledger_page *page, struct afmon_ledger_slot *slot)
{
    add(&page->uncertain, slot->reserved);
    page->uncertain_calls += slot->calls;
    slot->reserved = 0;
    slot->calls = 0;
}

static afmon_budget budget_of(const struct afmon_ledger_page *page, const struct held *held)
{
    int64_t uncertain = page->uncertain;
    add(&uncertain, held->dead);
    return (afmon_budget){.limit_usd = dollars(page->limit),
                          .spent_usd = dollars(page->spent),
                          .reserved_usd = dollars(held->living),
                          .uncertain_usd = dollars(uncertain),
                          .settled_calls = page->settled_calls,
                          .reserved_calls = held->living_calls,
                          .uncertain_calls = page->uncertain_calls + held->dead_calls,
                          .over_calls = page->over_calls,
                          .over_usd = dollars(page->over),
                          .reached = page->reached_ns != 0,
                          .reached_ns = page->reached_ns};
}

/* ---- Opening ---- */

static afmon_status take_slot(struct afmon_ledger *ledger, afmon_error *error)
{
    for (size_t i = 0; i < AFMON_LEDGER_SLOTS; i++) {
        struct afmon_ledger_slot *slot = &ledger->page.slots[i];
        int failure = afmon_ledger_slot_take(ledger->fd, i);
        if (failure == EWOULDBLOCK)
            continue;
        if (failure != 0)
            return afmon_fail_os(error, failure, "cannot lock the ledger %s", ledger->path);
        make_uncertain(&ledger->page, slot);
        slot->owner = ledger->owner;
        slot->pid = getpid();
        ledger->slot = i;
        return AFMON_OK;
    }
    return afmon_fail(error, AFMON_E_TOO_BIG, "%d processes spend by the ledger %s, and there is room for no more",
                      AFMON_LEDGER_SLOTS, ledger->path);
}

/* A limit that was reached is given up where it is raised, or where the run is begun again. */
static void set_limit(struct afmon_ledger *ledger, double limit_usd)
{
    struct afmon_ledger_page *page = &ledger->page;
    int64_t limit = isnan(limit_usd) ? page->limit : nearest(limit_usd);
    if (limit > page->limit || is_alone(ledger))
        page->reached_ns = 0;
    page->limit = limit;
}

static afmon_status join(struct afmon_ledger *ledger, double limit_usd, afmon_error *error)
{
    afmon_status status = afmon_ledger_lock(ledger, true, error);
    if (status != AFMON_OK)
        return status;
    status = take_slot(ledger, error);
    if (status == AFMON_OK) {
        set_limit(ledger, limit_usd);
        status = afmon_ledger_page_write(ledger->path, ledger->fd, &ledger->page, error);
    }
    afmon_ledger_unlock(ledger);
    return status;
}

static void release(struct afmon_ledger *ledger)
{
    afmon_close_own(&ledger->fd, &ledger->is);
    pthread_mutex_destroy(&ledger->mutex);
    free(ledger->path);
    free(ledger);
}

static afmon_status open_path(char *path, double limit_usd, struct afmon_ledger **out, afmon_error *error)
{
    int fd;
    afmon_status status = afmon_ledger_file_open(path, !isnan(limit_usd), &fd, error);
    struct afmon_ledger *ledger = status == AFMON_OK && fd >= 0 ? calloc(1, sizeof *ledger) : NULL;
    if (ledger == NULL || pthread_mutex_init(&ledger->mutex, NULL) != 0) {
        if (status == AFMON_OK && fd >= 0) {
            close(fd);
            status = afmon_fail_memory(error);
        }
        free(ledger);
        free(path);
        return status;
    }
    ledger->path = path;
    ledger->fd = fd;
    (void)afmon_file_identify(fd, &ledger->is);
    int failure = afmon_random(&ledger->owner, sizeof ledger->owner);
    ledger->owner |= 1; /* 0 is nobody */
    status = failure == 0 ? join(ledger, limit_usd, error) : afmon_fail_os(error, failure, "no random numbers");
    if (status == AFMON_OK)
        *out = ledger;
    else
        release(ledger);
    return status;
}

afmon_status afmon_ledger_open(const char *folder, double limit_usd, struct afmon_ledger **ledger, afmon_error *error)
{
    *ledger = NULL;
    if (!isnan(limit_usd) && !(limit_usd >= 0 && limit_usd <= AFMON_LEDGER_USD_MAX))
        return afmon_fail(error, AFMON_E_ARGUMENT, "a limit of %g US dollars: give 0 to %.0f", limit_usd,
                          AFMON_LEDGER_USD_MAX);
    char *path = afmon_path_join(folder, AFMON_LEDGER_NAME);
    return path == NULL ? afmon_fail_memory(error) : open_path(path, limit_usd, ledger, error);
}

void afmon_ledger_close(struct afmon_ledger *ledger)
{
    afmon_error error;
    if (ledger == NULL)
        return;
    /* Where this fails the slot stays as that of a process that was killed, which comes to the same. */
    if (afmon_ledger_lock(ledger, false, &error) == AFMON_OK) {
        struct afmon_ledger_slot *slot = &ledger->page.slots[ledger->slot];
        make_uncertain(&ledger->page, slot);
        *slot = (struct afmon_ledger_slot){0};
        (void)afmon_ledger_page_write(ledger->path, ledger->fd, &ledger->page, &error);
        afmon_ledger_unlock(ledger);
    }
    release(ledger);
}

void afmon_ledger_abandon(struct afmon_ledger *ledger)
{
    if (ledger != NULL)
        afmon_close_own(&ledger->fd, &ledger->is); /* the rest is the parent's, in a state that is not known */
}

/* ---- Reserving ---- */

static afmon_status write_and_unlock(struct afmon_ledger *ledger, afmon_error *error)
{
    afmon_status status = afmon_ledger_page_write(ledger->path, ledger->fd, &ledger->page, error);
    afmon_ledger_unlock(ledger);
    return status;
}

static afmon_status say_limit(const struct afmon_ledger_page *page, afmon_error *error)
{
    return afmon_fail(error, AFMON_E_LIMIT,
                      "the run has reached its limit of %s: %s spent, %s of calls whose cost is "
                      "not known",
                      afmon_words_dollars(dollars(page->limit)).text, afmon_words_dollars(dollars(page->spent)).text,
                      afmon_words_dollars(dollars(page->uncertain)).text);
}

/* The limit is reached, from now on, for all processes. */
static afmon_status reach(struct afmon_ledger *ledger, afmon_error *error)
{
    struct afmon_ledger_page *page = &ledger->page;
    afmon_status status = AFMON_OK;
    if (page->reached_ns == 0) {
        page->reached_ns = afmon_wall_ns();
        status = afmon_ledger_page_write(ledger->path, ledger->fd, page, error);
    }
    return status == AFMON_OK ? say_limit(page, error) : status;
}

/* Whether so much fits below the limit beside what is spent, uncertain and, of calls in flight, held. */
static bool fits(const struct afmon_ledger_page *page, int64_t amount, int64_t held)
{
    int64_t sum = page->spent;
    add(&sum, page->uncertain);
    add(&sum, held);
    add(&sum, amount);
    return sum <= page->limit;
}

static afmon_status judge(struct afmon_ledger *ledger, int64_t amount, afmon_error *error)
{
    struct afmon_ledger_page *page = &ledger->page;
    if (page->reached_ns != 0)
        return say_limit(page, error);
    struct held held = held_in(page, ledger->fd, ledger->slot);
    add(&held.living, held.dead);
    if (fits(page, amount, held.living))
        return AFMON_OK;
    if (held.living > held.dead && fits(page, amount, held.dead))
        return afmon_fail(error, AFMON_E_BUSY, "calls in flight hold what is left of the run's limit of %s",
                          afmon_words_dollars(dollars(page->limit)).text);
    return reach(ledger, error);
}

afmon_status afmon_ledger_reserve(struct afmon_ledger *ledger, double worst_usd, afmon_reservation *reservation,
                                  afmon_error *error)
{
    *reservation = (afmon_reservation){0};
    if (!(worst_usd >= 0))
        return afmon_fail(error, AFMON_E_ARGUMENT, "the worst case of a call is %g US dollars: give 0 or more",
                          worst_usd);
    afmon_status status = afmon_ledger_lock(ledger, true, error);
    if (status != AFMON_OK)
        return status;
    int64_t amount = up(worst_usd);
    status = judge(ledger, amount, error);
    if (status != AFMON_OK) {
        afmon_ledger_unlock(ledger);
        return status;
    }
    struct afmon_ledger_slot *slot = &ledger->page.slots[ledger->slot];
    add(&slot->reserved, amount);
    slot->calls++;
    status = write_and_unlock(ledger, error);
    if (status == AFMON_OK)
        *reservation = (afmon_reservation){.owner = ledger->owner, .picodollars = amount};
    return status;
}

/* ---- Settling ---- */

/* Takes it from the slot of this process. *held is false where it is not of this process's ledger, or empty. */
static afmon_status begin_settling(struct afmon_ledger *ledger, const afmon_reservation *reservation, bool *held,
                                   afmon_error *error)
{
    *held = reservation->owner == ledger->owner;
    if (!*held)
        return AFMON_OK;
    afmon_status status = afmon_ledger_lock(ledger, false, error);
    if (status != AFMON_OK)
        return status;
    struct afmon_ledger_slot *slot = &ledger->page.slots[ledger->slot];
    slot->reserved -= reservation->picodollars;
    slot->calls--;
    return AFMON_OK;
}

static void note_spent(struct afmon_ledger_page *page, double usd, int64_t worst)
{
    int64_t amount = nearest(usd);
    add(&page->spent, amount);
    page->settled_calls++;
    if (amount > worst) {
        add(&page->over, amount - worst);
        page->over_calls++;
    }
}

afmon_status afmon_ledger_settle(struct afmon_ledger *ledger, afmon_reservation *reservation, double usd,
                                 afmon_error *error)
{
    bool held;
    afmon_status status = begin_settling(ledger, reservation, &held, error);
    if (held && status == AFMON_OK) {
        note_spent(&ledger->page, usd, reservation->picodollars);
        status = write_and_unlock(ledger, error);
    }
    *reservation = (afmon_reservation){0};
    return status;
}

afmon_status afmon_ledger_release(struct afmon_ledger *ledger, afmon_reservation *reservation, afmon_error *error)
{
    bool held;
    afmon_status status = begin_settling(ledger, reservation, &held, error);
    if (held && status == AFMON_OK)
        status = write_and_unlock(ledger, error);
    *reservation = (afmon_reservation){0};
    return status;
}

afmon_status afmon_ledger_lose(struct afmon_ledger *ledger, afmon_reservation *reservation, afmon_error *error)
{
    bool held;
    afmon_status status = begin_settling(ledger, reservation, &held, error);
    if (held && status == AFMON_OK) {
        add(&ledger->page.uncertain, reservation->picodollars);
        ledger->page.uncertain_calls++;
        status = write_and_unlock(ledger, error);
    }
    *reservation = (afmon_reservation){0};
    return status;
}

afmon_status afmon_ledger_spend(struct afmon_ledger *ledger, double usd, afmon_error *error)
{
    afmon_status status = afmon_ledger_lock(ledger, false, error);
    if (status != AFMON_OK)
        return status;
    note_spent(&ledger->page, usd, INT64_MAX);
    return write_and_unlock(ledger, error);
}

/* ---- Asking ---- */

/* Calls that cost nothing may begin as long as something is left. */
afmon_status afmon_ledger_may_spend(struct afmon_ledger *ledger, double usd, afmon_error *error)
{
    afmon_status status = afmon_ledger_lock(ledger, true, error);
    if (status != AFMON_OK)
        return status;
    struct afmon_ledger_page *page = &ledger->page;
    struct held held = held_in(page, ledger->fd, ledger->slot);
    int64_t amount = up(usd);
    add(&held.living, held.dead);
    if (page->reached_ns != 0)
        status = say_limit(page, error);
    else if (!fits(page, 1, held.dead))
        status = reach(ledger, error);
    else if (!fits(page, amount > 0 ? amount : 1, held.living))
        status = say_limit(page, error);
    afmon_ledger_unlock(ledger);
    return status;
}

afmon_status afmon_ledger_totals(struct afmon_ledger *ledger, afmon_budget *budget, afmon_error *error)
{
    afmon_status status = afmon_ledger_lock(ledger, false, error);
    if (status != AFMON_OK)
        return status;
    struct held held = held_in(&ledger->page, ledger->fd, ledger->slot);
    *budget = budget_of(&ledger->page, &held);
    afmon_ledger_unlock(ledger);
    return AFMON_OK;
}

/* A writer may be at it, so a page that does not fit together is read again. */
static afmon_status look_at(const char *path, int fd, afmon_budget *budget, afmon_error *error)
{
    struct afmon_ledger_page page;
    afmon_status status = AFMON_E_FORMAT;
    for (int i = 0; i < LOOKS && status == AFMON_E_FORMAT; i++)
        status = afmon_ledger_page_read(path, fd, &page, error);
    if (status != AFMON_OK)
        return status;
    struct held held = held_in(&page, fd, AFMON_LEDGER_SLOTS);
    *budget = budget_of(&page, &held);
    return AFMON_OK;
}

afmon_status afmon_ledger_look(const char *folder, afmon_budget *budget, bool *found, afmon_error *error)
{
    char *path = afmon_path_join(folder, AFMON_LEDGER_NAME);
    *found = false;
    if (path == NULL)
        return afmon_fail_memory(error);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    afmon_status status = AFMON_OK;
    if (fd >= 0) {
        *found = true;
        status = look_at(path, fd, budget, error);
        close(fd);
    } else if (errno != ENOENT) {
        status = afmon_fail_os(error, errno, "cannot open the ledger %s", path);
    }
    free(path);
    return status;
}
