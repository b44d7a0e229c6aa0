/* Advice on concurrency, over 200 simulated servers and programs whose concurrency varies, or does not. */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/advice.h"

enum { SERVERS = 200, SERVERS_SHORT = 40, CALLERS_MAX = 96 };

#define STEP_S 0.02
#define SECONDS 240.0
#define SERVICE_S 0.6 /* of a call, on average, where nothing else goes on */
#define BACKOFF_S 1.0

static uint64_t state_of_chance;

static double chance(void)
{
    state_of_chance ^= state_of_chance << 13;
    state_of_chance ^= state_of_chance >> 7;
    state_of_chance ^= state_of_chance << 17;
    return (double)(state_of_chance >> 11) / 9007199254740992.0;
}

enum kind { NONE, KNEE, SOFT, QUEUE, RATE, HARD, KINDS };
enum load { CONSTANT, RAMP, WAVES, STEPS, WALK, LOADS };

struct server {
    enum kind kind;
    double size;   /* calls at a time that it takes well */
    double jitter; /* of the work of calls: 0 none */
};

struct caller {
    bool busy;
    double left_s; /* of its call; of its pause where it is not busy */
    double sent_s;
    uint64_t order;
};

struct simulation {
    struct server server;
    struct caller callers[CALLERS_MAX];
    double tokens; /* of a rate limit */
    size_t busy;
    size_t used; /* callers that were active */
    uint64_t orders;
    struct afmon_proxy_advice_data *data; /* NULL: only what got done is counted */
    double done;
};

static double speed(const struct server *server, size_t busy)
{
    double n = (double)busy;
    if (server->kind == KNEE)
        return n > server->size ? server->size / n : 1;
    if (server->kind == SOFT)
        return 1 / (1 + pow(n / server->size, 3));
    return 1;
}

static void tell(struct simulation *s, const struct caller *caller, double now_s, bool success)
{
    s->done += success;
    if (s->data != NULL)
        afmon_proxy_advice_add(s->data, 1 + (int64_t)(caller->sent_s * 1e9), 1 + (int64_t)(now_s * 1e9), success,
                               success ? 200 : 429);
}

static void begin(struct simulation *s, struct caller *caller, double now_s)
{
    bool refused =
        (s->server.kind == RATE && s->tokens < 1) || (s->server.kind == HARD && (double)s->busy >= s->server.size);
    caller->sent_s = now_s;
    if (refused) {
        tell(s, caller, now_s + 0.005, false);
        caller->left_s = BACKOFF_S * (0.5 + chance());
        return;
    }
    s->tokens -= s->server.kind == RATE;
    caller->busy = true;
    s->busy++;
    caller->order = s->orders++;
    caller->left_s = SERVICE_S * (1 - s->server.jitter + s->server.jitter * -log(1 - chance() * 0.999));
}

/* In a queue the calls that came first are worked on. */
static bool is_served(const struct simulation *s, const struct caller *caller)
{
    size_t before = 0;
    if (s->server.kind != QUEUE)
        return true;
    for (size_t i = 0; i < s->used; i++)
        before += s->callers[i].busy && s->callers[i].order < caller->order;
    return (double)before < s->server.size;
}

static void step(struct simulation *s, size_t active, double now_s)
{
    s->used = active > s->used ? active : s->used;
    double fast = speed(&s->server, s->busy);
    s->tokens = fmin(s->tokens + s->server.size / SERVICE_S * STEP_S, s->server.size);
    for (size_t i = 0; i < s->used; i++) {
        struct caller *caller = &s->callers[i];
        if (!caller->busy && caller->left_s > 0)
            caller->left_s -= STEP_S;
        else if (!caller->busy && i < active)
            begin(s, caller, now_s);
        else if (caller->busy && is_served(s, caller))
            caller->left_s -= STEP_S * fast;
        if (caller->busy && caller->left_s <= 0) {
            caller->busy = false;
            s->busy--;
            tell(s, caller, now_s + STEP_S, true);
        }
    }
}

static size_t active_at(enum load load, double most, double now_s, double *walk)
{
    double part = now_s / SECONDS;
    switch (load) {
    case RAMP:
        return (size_t)ceil(most * fmin(1, 0.1 + part));
    case WAVES:
        return (size_t)ceil(most * (0.65 + 0.35 * sin(part * 40)));
    case STEPS:
        return (size_t)ceil(most * (1 + floor(part * 20) - 4 * floor(floor(part * 20) / 4)) / 4);
    case WALK:
        *walk = fmin(1, fmax(0.2, *walk + (chance() - 0.5) * 0.02));
        return (size_t)ceil(most * *walk);
    default:
        return (size_t)most;
    }
}

static double run(const struct server *server, enum load load, double most, struct afmon_proxy_advice_data *data)
{
    struct simulation *s = calloc(1, sizeof *s);
    double walk = 0.6;
    assert_non_null(s);
    s->server = *server;
    s->data = data;
    for (double now_s = 0; now_s < SECONDS; now_s += STEP_S)
        step(s, active_at(load, most, now_s, &walk), now_s);
    double done = s->done;
    free(s);
    return done;
}

/* A hint is wrong where half as many again would have brought less than a tenth, or, where it says no, more than a
 * fifth. */
static void advice_over_simulated_servers(void **state)
{
    (void)state;
    const char *is_short = getenv("AFMON_TEST_SHORT");
    int servers = is_short != NULL && strcmp(is_short, "1") == 0 ? SERVERS_SHORT : SERVERS;
    int wrong = 0, told = 0, constant_told = 0, constant = 0;
    int abstained[KINDS] = {0}, of[KINDS] = {0};
    struct afmon_proxy_advice_data *data = malloc(sizeof *data);
    assert_non_null(data);
    for (int i = 0; i < servers; i++) {
        state_of_chance = 88172645463325252u + (uint64_t)i * 0x9e3779b97f4a7c15u;
        double most = 4 + floor(chance() * 60);
        struct server server = {(enum kind)(i % KINDS), fmax(2, floor(most * exp((chance() - 0.5) * 3))), chance()};
        enum load load = (enum load)(i / KINDS % LOADS);
        *data = (struct afmon_proxy_advice_data){0};
        (void)run(&server, load, most, data);
        afmon_proxy_advice advice = afmon_proxy_advice_get(data);
        double gain = run(&server, CONSTANT, floor(most * 1.5), NULL) / run(&server, CONSTANT, most, NULL) - 1;
        bool no = advice.more == AFMON_PROXY_NO_MORE, yes = advice.more == AFMON_PROXY_MORE;
        bool bad = (yes && gain < 0.1) || (no && gain > 0.2);
        if (getenv("ADVICE_VERBOSE") != NULL)
            printf("%d kind %d load %d most %.0f size %.0f jitter %.2f: gain %.2f %s slope %.2f refused %.3f%s\n", i,
                   server.kind, load, most, server.size, server.jitter, gain,
                   yes  ? "yes"
                   : no ? "no"
                        : "-",
                   advice.slope, advice.refused, bad ? " WRONG" : "");
        wrong += bad;
        told += yes || no;
        of[server.kind]++;
        abstained[server.kind] += !yes && !no;
        constant += load == CONSTANT && advice.refused < 0.02;
        constant_told += load == CONSTANT && advice.refused < 0.02 && (yes || no);
    }
    free(data);
    printf(
        "%d servers: %d told, %d wrong; abstained: none %d/%d, knee %d/%d, soft %d/%d, queue %d/%d, rate %d/%d, hard "
        "%d/%d\n",
        servers, told, wrong, abstained[0], of[0], abstained[1], of[1], abstained[2], of[2], abstained[3], of[3],
        abstained[4], of[4], abstained[5], of[5]);
    assert_true(wrong * 20 <= servers); /* at most one of twenty */
    assert_true(told * 2 >= servers);   /* and it is of some use */
    assert_int_equal(constant_told, 0);
    assert_true(constant > 0);
}

static void what_tells_nothing(void **state)
{
    (void)state;
    struct afmon_proxy_advice_data data = {0};
    assert_int_equal(afmon_proxy_advice_get(&data).more, AFMON_PROXY_CANNOT_TELL);
    afmon_proxy_advice_add(&data, 5, 5, true, 200);
    afmon_proxy_advice_add(&data, 5, 1, true, 200);
    for (int i = 0; i < 1000; i++) /* one at a time, and a year between two */
        afmon_proxy_advice_add(&data, i * INT64_C(31536000000000), i * INT64_C(31536000000000) + 1000000000, true, 200);
    assert_int_equal(afmon_proxy_advice_get(&data).more, AFMON_PROXY_CANNOT_TELL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(advice_over_simulated_servers),
        cmocka_unit_test(what_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
