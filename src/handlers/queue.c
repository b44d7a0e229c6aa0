#include "handlers/queue.h"

#include <stdlib.h>

bool afmon_queue_init(struct afmon_queue *queue, size_t capacity, size_t byte_limit)
{
    *queue = (struct afmon_queue){.capacity = capacity, .byte_limit = byte_limit};
    queue->slots = capacity <= SIZE_MAX / sizeof *queue->slots ? malloc(capacity * sizeof *queue->slots) : NULL;
    return queue->slots != NULL;
}

void afmon_queue_free(struct afmon_queue *queue)
{
    afmon_queue_clear(queue);
    free(queue->slots);
    queue->slots = NULL;
}

/* An item larger than the whole budget may wait alone: otherwise it could never be handled. */
bool afmon_queue_has_room(const struct afmon_queue *queue, size_t charge)
{
    if (queue->count == queue->capacity)
        return false;
    return queue->bytes == 0 || (queue->bytes <= queue->byte_limit && charge <= queue->byte_limit - queue->bytes);
}

void afmon_queue_push(struct afmon_queue *queue, const struct afmon_queued *item)
{
    size_t at = queue->first + queue->count;
    queue->slots[at < queue->capacity ? at : at - queue->capacity] = *item;
    queue->count++;
    queue->bytes += item->charge;
}

bool afmon_queue_pop(struct afmon_queue *queue, struct afmon_queued *item)
{
    if (queue->count == 0)
        return false;
    *item = queue->slots[queue->first];
    queue->first = queue->first + 1 < queue->capacity ? queue->first + 1 : 0;
    queue->count--;
    queue->bytes -= item->charge;
    return true;
}

const struct afmon_queued *afmon_queue_oldest(const struct afmon_queue *queue)
{
    return queue->count > 0 ? &queue->slots[queue->first] : NULL;
}

size_t afmon_queue_clear(struct afmon_queue *queue)
{
    size_t count = 0;
    struct afmon_queued item;
    for (; afmon_queue_pop(queue, &item); count++)
        afmon_queued_release(&item);
    return count;
}

void afmon_queued_release(struct afmon_queued *item)
{
    switch (item->kind) {
    case AFMON_QUEUED_SAMPLE:
        if (item->as.sample.set != NULL)
            afmon_set_release(item->as.sample.set);
        item->as.sample.set = NULL;
        break;
    case AFMON_QUEUED_LOG:
        free(item->as.log);
        item->as.log = NULL;
        break;
    case AFMON_QUEUED_ALERT:
        free(item->as.alert);
        item->as.alert = NULL;
        break;
    }
}
