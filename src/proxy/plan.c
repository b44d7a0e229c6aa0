#include "proxy/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* SDKs wait for at most a minute, where the server says so. */
#define PATIENCE_NS INT64_C(70000000000)

void afmon_proxy_plan_begin(struct afmon_proxy_plan *plan, afmon_monitor *monitor)
{
    *plan = (struct afmon_proxy_plan){.monitor = monitor, .seed = afmon_hash_seed()};
}

/* ---- Items that requests name ------------------------------------------------------------------------------------ */

static bool has_hash(const void *owner, uint32_t number, const void *wanted)
{
    const struct afmon_proxy_plan *plan = owner;
    return plan->named[number].hash == *(const uint64_t *)wanted;
}

static uint64_t hash_of(const void *owner, uint32_t number)
{
    const struct afmon_proxy_plan *plan = owner;
    return plan->named[number].hash;
}

static bool make_room(struct afmon_proxy_plan *plan)
{
    if (plan->named_count == plan->named_room) {
        uint32_t room = plan->named_room > 0 ? plan->named_room * 2 : 64;
        struct afmon_proxy_named *more = room > plan->named_room ? realloc(plan->named, room * sizeof *more) : NULL;
        if (more == NULL)
            return false;
        plan->named = more;
        plan->named_room = room;
    }
    return afmon_table_reserve(&plan->table, plan->named_count, plan->named_count, hash_of, plan);
}

static struct afmon_proxy_named *find_named(const struct afmon_proxy_plan *plan, const char *name)
{
    uint64_t hash = afmon_hash(plan->seed, name, strlen(name));
    uint32_t slot = plan->table.slot_count > 0 ? *afmon_table_slot(&plan->table, hash, has_hash, plan, &hash) : 0;
    return slot > 0 ? &plan->named[slot - 1] : NULL;
}

static void begin_named(struct afmon_proxy_plan *plan, const char *name)
{
    if (find_named(plan, name) != NULL || !make_room(plan))
        return;
    struct afmon_proxy_named made = {.hash = afmon_hash(plan->seed, name, strlen(name))};
    (void)afmon_item_begin(plan->monitor, AFMON_PROXY_ITEM_KIND, name, &made.item);
    if (made.item == NULL)
        return;
    *afmon_table_slot(&plan->table, made.hash, has_hash, plan, &made.hash) = plan->named_count + 1;
    plan->named[plan->named_count++] = made;
}

/* ---- Operations -------------------------------------------------------------------------------------------------- */

static bool is_next_try(const struct afmon_proxy_try *before, const struct afmon_proxy_try *tried)
{
    return before->digest == tried->digest &&
           (tried->retry > 0 || (tried->retry < 0 && before->connection == tried->connection));
}

/* What is tried again by this request. NULL: nothing. */
static afmon_item *take_pending(struct afmon_proxy_plan *plan, const struct afmon_proxy_try *tried)
{
    for (size_t i = 0; i < plan->pending_count; i++) {
        struct afmon_proxy_pending found = plan->pending[i];
        if (!is_next_try(&found.tried, tried))
            continue;
        plan->pending[i] = plan->pending[--plan->pending_count];
        (void)afmon_item_retry(found.item);
        return found.item;
    }
    return NULL;
}

/* Ids are unique over the processes and parts of a run. */
static afmon_item *new_item(struct afmon_proxy_plan *plan)
{
    char id[48];
    afmon_item *item = NULL;
    snprintf(id, sizeof id, "%016llx-%llu", (unsigned long long)plan->seed, (unsigned long long)++plan->count);
    (void)afmon_item_begin(plan->monitor, AFMON_PROXY_ITEM_KIND, id, &item);
    return item;
}

afmon_item *afmon_proxy_plan_item(struct afmon_proxy_plan *plan, const struct afmon_proxy_try *tried)
{
    if (plan->monitor == NULL)
        return NULL;
    if (tried->name[0] != '\0') {
        begin_named(plan, tried->name);
        return NULL;
    }
    afmon_item *again = take_pending(plan, tried);
    return again != NULL ? again : new_item(plan);
}

static void expire(struct afmon_proxy_plan *plan, int64_t now_ns)
{
    for (size_t i = plan->pending_count; i > 0; i--) {
        struct afmon_proxy_pending *pending = &plan->pending[i - 1];
        if (now_ns - pending->end_ns <= PATIENCE_NS)
            continue;
        (void)afmon_item_fail(pending->item, pending->error_type);
        *pending = plan->pending[--plan->pending_count];
    }
}

/* false: no memory to wait for another try. */
static bool wait_for_try(struct afmon_proxy_plan *plan, const struct afmon_proxy_pending *pending)
{
    if (plan->pending_count == plan->pending_room) {
        size_t room = plan->pending_room > 0 ? plan->pending_room * 2 : 16;
        struct afmon_proxy_pending *more = realloc(plan->pending, room * sizeof *more);
        if (more == NULL)
            return false;
        plan->pending = more;
        plan->pending_room = room;
    }
    plan->pending[plan->pending_count++] = *pending;
    return true;
}

/* Do SDKs try again after that? No answer at all, a busy server, or one that failed. */
static bool is_tried_again(int status)
{
    return status < 400 || status == 408 || status == 409 || status == 429 || status >= 500;
}

static void end_operation(struct afmon_proxy_plan *plan, const struct afmon_proxy_try *tried, afmon_item *item,
                          const char *error_type, int status, int64_t end_ns)
{
    struct afmon_proxy_pending pending = {.tried = *tried, .end_ns = end_ns, .item = item};
    pending.tried.name = "";
    expire(plan, end_ns);
    if (error_type == NULL) {
        (void)afmon_item_accept(item);
        return;
    }
    snprintf(pending.error_type, sizeof pending.error_type, "%s", error_type);
    if (!is_tried_again(status) || !wait_for_try(plan, &pending))
        (void)afmon_item_fail(item, error_type);
}

void afmon_proxy_plan_end(struct afmon_proxy_plan *plan, const struct afmon_proxy_try *tried, afmon_item *item,
                          const char *error_type, int status, int64_t end_ns)
{
    struct afmon_proxy_named *named = tried->name[0] != '\0' ? find_named(plan, tried->name) : NULL;
    if (item != NULL)
        end_operation(plan, tried, item, error_type, status, end_ns);
    if (named == NULL || error_type != NULL)
        return;
    (void)afmon_item_accept(named->item); /* at its first one */
    named->item = NULL;
}

void afmon_proxy_plan_finish(struct afmon_proxy_plan *plan)
{
    for (size_t i = 0; i < plan->pending_count; i++)
        (void)afmon_item_fail(plan->pending[i].item, plan->pending[i].error_type);
    for (uint32_t i = 0; i < plan->named_count; i++)
        (void)afmon_item_fail(plan->named[i].item, NULL);
    free(plan->pending);
    free(plan->named);
    afmon_table_free(&plan->table);
    *plan = (struct afmon_proxy_plan){0};
}
