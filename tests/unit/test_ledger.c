/* The ledger: what is let through, what a kill leaves, and what is said of files that are none. */
#include "check.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "money/ledger_file.h"
#include "run_folder.h"

static struct afmon_ledger *opened(const char *folder, double limit)
{
    struct afmon_ledger *ledger;
    afmon_error error = {0};
    if (afmon_ledger_open(folder, limit, &ledger, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return ledger;
}

static afmon_budget totals(struct afmon_ledger *ledger)
{
    afmon_budget budget;
    afmon_error error = {0};
    if (afmon_ledger_totals(ledger, &budget, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return budget;
}

static afmon_budget looked_at(const char *folder)
{
    afmon_budget budget;
    afmon_error error = {0};
    bool found;
    if (afmon_ledger_look(folder, &budget, &found, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    assert_true(found);
    return budget;
}

static void assert_usd(double got, double wanted)
{
    if (!(fabs(got - wanted) < 1e-11))
        fail_msg("%.15g dollars, not %.15g", got, wanted);
}

static void the_worst_case_is_held_until_it_is_known(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_ledger *ledger = opened(folder, 1);
    afmon_reservation a, b, c;
    afmon_error error = {0};
    assert_int_equal(afmon_ledger_reserve(ledger, 0.6, &a, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_reserve(ledger, 0.4, &b, &error), AFMON_OK); /* to the limit, and not past it */
    assert_int_equal(afmon_ledger_reserve(ledger, 1e-12, &c, &error), AFMON_E_BUSY);
    assert_usd(totals(ledger).reserved_usd, 1);
    assert_int_equal(afmon_ledger_settle(ledger, &a, 0.1, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_settle(ledger, &a, 0.1, &error), AFMON_OK); /* empty: nothing happens */
    assert_int_equal(afmon_ledger_reserve(ledger, 0.5, &c, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_release(ledger, &c, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_lose(ledger, &b, &error), AFMON_OK);
    afmon_budget budget = totals(ledger);
    assert_usd(budget.spent_usd, 0.1);
    assert_usd(budget.uncertain_usd, 0.4);
    assert_usd(budget.reserved_usd, 0);
    assert_int_equal(budget.settled_calls, 1);
    assert_int_equal(budget.uncertain_calls, 1);
    assert_false(budget.reached);
    afmon_ledger_close(ledger);
    remove_folder(folder);
}

static void at_the_limit_nothing_begins(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_ledger *one = opened(folder, 1), *other = opened(folder, (double)NAN);
    afmon_reservation a, b;
    afmon_error error = {0};
    assert_int_equal(afmon_ledger_reserve(one, 0.9, &a, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_reserve(other, 0.9, &b, &error), AFMON_E_BUSY);
    assert_int_equal(afmon_ledger_settle(one, &a, 0.8, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_reserve(other, 0.9, &b, &error), AFMON_E_LIMIT);
    assert_non_null(strstr(error.message, "limit of $1.00: $0.80"));
    assert_int_equal(afmon_ledger_reserve(one, 0.01, &a, &error), AFMON_E_LIMIT); /* of all, from then on */
    assert_int_equal(afmon_ledger_may_spend(one, 0, &error), AFMON_E_LIMIT);
    assert_true(looked_at(folder).reached);
    /* The same limit again, while the run goes on, changes nothing; a higher one does. */
    struct afmon_ledger *third = opened(folder, 1);
    assert_int_equal(afmon_ledger_reserve(third, 0.01, &a, &error), AFMON_E_LIMIT);
    struct afmon_ledger *fourth = opened(folder, 1.5);
    assert_int_equal(afmon_ledger_reserve(other, 0.7, &b, &error), AFMON_OK);
    afmon_ledger_close(fourth);
    afmon_ledger_close(third);
    afmon_ledger_close(other); /* with a call in flight */
    afmon_ledger_close(one);
    assert_usd(looked_at(folder).uncertain_usd, 0.7);
    /* A lower one than what is spent: nothing begins. */
    one = opened(folder, 0.5);
    assert_int_equal(afmon_ledger_reserve(one, 0, &a, &error), AFMON_E_LIMIT);
    afmon_ledger_close(one);
    remove_folder(folder);
}

static void calls_without_a_reservation(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_ledger *ledger = opened(folder, 1);
    afmon_error error = {0};
    assert_int_equal(afmon_ledger_may_spend(ledger, 1, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_may_spend(ledger, 1.1, &error), AFMON_E_LIMIT); /* so much does not fit */
    assert_int_equal(afmon_ledger_may_spend(ledger, 0, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_spend(ledger, 0.7, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_spend(ledger, 0.7, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_may_spend(ledger, 0, &error), AFMON_E_LIMIT);
    assert_usd(totals(ledger).spent_usd, 1.4);
    assert_true(totals(ledger).reached);
    afmon_ledger_close(ledger);
    remove_folder(folder);
}

static void more_than_the_worst_case_is_counted_whole(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct afmon_ledger *ledger = opened(folder, 1);
    afmon_reservation a;
    afmon_error error = {0};
    assert_int_equal(afmon_ledger_reserve(ledger, (double)NAN, &a, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_ledger_reserve(ledger, 0.1, &a, &error), AFMON_OK);
    assert_int_equal(afmon_ledger_settle(ledger, &a, 0.3, &error), AFMON_OK);
    assert_usd(totals(ledger).spent_usd, 0.3);
    assert_usd(totals(ledger).over_usd, 0.2);
    assert_int_equal(totals(ledger).over_calls, 1);
    afmon_ledger_close(ledger);
    assert_int_equal(afmon_ledger_open(folder, -1, &ledger, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_ledger_open(folder, 2e6, &ledger, &error), AFMON_E_ARGUMENT);
    remove_folder(folder);
}

/* ---- Files ---- */

static void write_byte(const char *path, off_t at, int change)
{
    unsigned char byte;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte = (unsigned char)(byte ^ change);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void assert_refused(const char *folder, const char *why)
{
    struct afmon_ledger *ledger;
    afmon_error error = {0};
    afmon_budget budget;
    bool found;
    assert_int_equal(afmon_ledger_open(folder, 1, &ledger, &error), AFMON_E_FORMAT);
    if (strstr(error.message, why) == NULL)
        fail_msg("%s", error.message);
    assert_int_equal(afmon_ledger_look(folder, &budget, &found, &error), AFMON_E_FORMAT);
}

static void files_that_are_no_ledger(void **state)
{
    (void)state;
    char path[300];
    char *folder = make_folder();
    struct afmon_ledger *ledger;
    afmon_error error = {0};
    afmon_budget budget;
    bool found;
    assert_int_equal(afmon_ledger_open(folder, (double)NAN, &ledger, &error), AFMON_OK);
    assert_null(ledger);
    assert_int_equal(afmon_ledger_look(folder, &budget, &found, &error), AFMON_OK);
    assert_false(found);
    afmon_ledger_close(opened(folder, 1));
    snprintf(path, sizeof path, "%s/ledger", folder);
    write_byte(path, 40, 1);
    assert_refused(folder, "damaged");
    write_byte(path, 40, 1);
    write_byte(path, 8, 6);
    assert_refused(folder, "is of version 7");
    write_byte(path, 8, 6);
    afmon_ledger_close(opened(folder, 1));
    assert_int_equal(truncate(path, 100), 0);
    assert_refused(folder, "was cut off");
    assert_int_equal(truncate(path, 0), 0);
    assert_refused(folder, "was cut off");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(afmon_ledger_open(folder, 1, &ledger, &error), AFMON_E_SYSTEM);
    assert_int_equal(unlink(path), 0);
    /* One that goes away while it is used lets nothing through: another process would make a second one. */
    afmon_reservation a;
    ledger = opened(folder, 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(afmon_ledger_reserve(ledger, 0.1, &a, &error), AFMON_E_FORMAT);
    assert_non_null(strstr(error.message, "removed or replaced"));
    afmon_ledger_close(ledger);
    remove_folder(folder);
}

/* ---- Processes that are killed ---- */

#define PROCESSES 4
#define PRICE INT64_C(3) /* picodollars: so small that a sum in doubles would lose them */

/* What a server would have charged: in memory that no kill takes back, added before it answers. */
struct account {
    _Atomic int64_t charged;
    _Atomic int64_t calls;
};

static _Noreturn void spend_until_the_end(const char *folder, struct account *account, unsigned seed)
{
    struct afmon_ledger *ledger;
    afmon_error error = {0};
    afmon_status status = afmon_ledger_open(folder, (double)NAN, &ledger, &error);
    if (status != AFMON_OK)
        _exit(2);
    while (status != AFMON_E_LIMIT) {
        afmon_reservation reservation;
        int64_t worst = 1 + (int64_t)((seed = seed * 1103515245 + 12345) >> 16) % 1000 * PRICE;
        status = afmon_ledger_reserve(ledger, (double)worst / 1e12, &reservation, &error);
        if (status == AFMON_E_BUSY) {
            (void)usleep(200);
            continue;
        }
        if (status != AFMON_OK)
            continue;
        int64_t cost = worst - (int64_t)((seed = seed * 1103515245 + 12345) >> 16) % worst;
        account->charged += cost;
        account->calls++;
        if (afmon_ledger_settle(ledger, &reservation, (double)cost / 1e12, &error) != AFMON_OK)
            _exit(3);
    }
    afmon_ledger_close(ledger);
    _exit(0);
}

static pid_t begin(const char *folder, struct account *account, unsigned seed)
{
    pid_t pid = fork();
    if (pid == 0)
        spend_until_the_end(folder, account, seed);
    assert_true(pid > 0);
    return pid;
}

/* Kills processes at any time, and begins others in their place, until some have met the limit. */
static void killed_at_any_time(void **state)
{
    (void)state;
    char *folder = make_folder();
    const int64_t limit = INT64_C(60000000);
    struct account *account = mmap(NULL, sizeof *account, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(account != MAP_FAILED);
    struct afmon_ledger *ledger = opened(folder, (double)limit / 1e12);
    pid_t pids[PROCESSES];
    unsigned seed = 1;
    for (int i = 0; i < PROCESSES; i++)
        pids[i] = begin(folder, account, seed++);
    int kills = 0;
    while (!looked_at(folder).reached) {
        int i = (int)(seed % PROCESSES), status;
        (void)usleep(1000 + seed * 7919 % 3000);
        (void)kill(pids[i], SIGKILL);
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        kills += WIFSIGNALED(status);
        pids[i] = begin(folder, account, seed++);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    afmon_budget budget = totals(ledger);
    assert_true(account->charged <= limit);
    assert_true((budget.spent_usd + budget.uncertain_usd) * 1e12 < (double)limit + 0.5);
    assert_true((double)account->charged < (budget.spent_usd + budget.uncertain_usd) * 1e12 + 0.5);
    assert_true(kills > 0 && budget.settled_calls > 0);
    afmon_ledger_close(ledger);
    munmap(account, sizeof *account);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_case_is_held_until_it_is_known),
        cmocka_unit_test(at_the_limit_nothing_begins),
        cmocka_unit_test(calls_without_a_reservation),
        cmocka_unit_test(more_than_the_worst_case_is_counted_whole),
        cmocka_unit_test(files_that_are_no_ledger),
        cmocka_unit_test(killed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
