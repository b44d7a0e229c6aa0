#include "feeds/outbox.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

#define MOMENT_NS (50 * AFMON_NS_PER_S / 1000)

bool afmon_outbox_init(struct afmon_outbox *outbox, struct afmon_post *post, size_t byte_limit)
{
    *outbox = (struct afmon_outbox){.post = post, .byte_limit = byte_limit};
    if (afmon_birth_init(&outbox->birth))
        return true;
    afmon_outbox_free(outbox);
    return false;
}

static void drop_first(struct afmon_outbox *outbox)
{
    struct afmon_outbox_body *body = &outbox->bodies[outbox->first];
    outbox->bytes -= body->text.length;
    afmon_buffer_free(&body->text);
    outbox->first = (outbox->first + 1) % AFMON_OUTBOX_BODIES;
    outbox->count--;
}

void afmon_outbox_free(struct afmon_outbox *outbox)
{
    if (outbox->birth.page != NULL)
        (void)afmon_outbox_leave_to_parent(outbox);
    afmon_post_free(outbox->post); /* first: it may be sending one of them */
    outbox->post = NULL;
    while (outbox->count > 0)
        drop_first(outbox);
    afmon_birth_free(&outbox->birth);
}

bool afmon_outbox_leave_to_parent(struct afmon_outbox *outbox)
{
    if (!afmon_birth_is_new(&outbox->birth))
        return false;
    afmon_post_leave_to_parent(outbox->post);
    while (outbox->count > 0)
        drop_first(outbox);
    return true;
}

bool afmon_outbox_put(struct afmon_outbox *outbox, struct afmon_buffer *text, uint64_t items)
{
    if (outbox->count == AFMON_OUTBOX_BODIES || text->length > outbox->byte_limit - outbox->bytes)
        return false;
    outbox->bodies[(outbox->first + outbox->count) % AFMON_OUTBOX_BODIES] =
        (struct afmon_outbox_body){.text = *text, .items = items};
    outbox->count++;
    outbox->bytes += text->length;
    afmon_buffer_init(text, text->limit);
    return true;
}

bool afmon_is_last_flush(const afmon_deadline *deadline)
{
    return isfinite(afmon_deadline_left(deadline));
}

int64_t afmon_flush_until(const afmon_deadline *deadline)
{
    return afmon_is_last_flush(deadline) ? INT64_MAX : afmon_boot_ns() + MOMENT_NS;
}

bool afmon_post_await(const struct afmon_post *post, const afmon_deadline *deadline)
{
    double wait_s;
    while ((wait_s = afmon_post_wait(post)) > 0) {
        double left_s = afmon_deadline_left(deadline);
        if (isinf(left_s) || wait_s >= left_s)
            return false;
        struct timespec a_moment = {.tv_nsec = 10000000};
        nanosleep(&a_moment, NULL);
    }
    return afmon_deadline_left(deadline) > 0;
}

/* Posts the first body. False: not now. */
static bool send_first(struct afmon_outbox *outbox, const afmon_deadline *deadline, int64_t until_ns, uint64_t *lost,
                       char *error, size_t size)
{
    struct afmon_outbox_body *body = &outbox->bodies[outbox->first];
    enum afmon_post_result result =
        afmon_post_send(outbox->post, body->text.data, body->text.length, deadline, until_ns, error, size);
    uint64_t gone = result == AFMON_POST_REFUSED ? body->items : 0;
    if (result == AFMON_POST_TAKEN)
        gone = afmon_post_rejected(outbox->post, "rejectedLogRecords", body->items);
    if (result == AFMON_POST_TAKEN && gone > 0)
        snprintf(error, size, "the receiver rejected %llu log records", (unsigned long long)gone);
    if (result == AFMON_POST_TAKEN || result == AFMON_POST_REFUSED)
        drop_first(outbox);
    *lost += gone;
    return result == AFMON_POST_TAKEN;
}

uint64_t afmon_outbox_send(struct afmon_outbox *outbox, const afmon_deadline *deadline, char *error, size_t size)
{
    uint64_t lost = 0;
    int64_t until_ns = afmon_flush_until(deadline);
    while (outbox->count > 0 && afmon_boot_ns() < until_ns && afmon_post_await(outbox->post, deadline)) {
        /* In the last call a failure is tried again, as long as there is time. */
        if (!send_first(outbox, deadline, until_ns, &lost, error, size) && !afmon_is_last_flush(deadline))
            break;
    }
    if (!afmon_is_last_flush(deadline))
        return lost;
    while (outbox->count > 0) {
        lost += outbox->bodies[outbox->first].items;
        drop_first(outbox);
    }
    if (lost > 0 && *error == '\0')
        snprintf(error, size, "the receiver took no more before the monitor's shutdown");
    return lost;
}
