/* Queues of chunks, the oldest first. */
#include "store/store_internal.h"

void afmon_queue_add(struct afmon_chunk_queue *queue, struct afmon_chunk *chunk)
{
    chunk->older = queue->newest;
    chunk->newer = NULL;
    if (queue->newest == NULL)
        queue->oldest = chunk;
    else
        queue->newest->newer = chunk;
    queue->newest = chunk;
}

void afmon_queue_remove(struct afmon_chunk_queue *queue, struct afmon_chunk *chunk)
{
    if (chunk->older == NULL)
        queue->oldest = chunk->newer;
    else
        chunk->older->newer = chunk->newer;
    if (chunk->newer == NULL)
        queue->newest = chunk->older;
    else
        chunk->newer->older = chunk->older;
    chunk->older = NULL;
    chunk->newer = NULL;
}

void afmon_queue_replace(struct afmon_chunk_queue *queue, struct afmon_chunk *chunk, struct afmon_chunk *by)
{
    by->older = chunk->older;
    by->newer = chunk->newer;
    if (by->older == NULL)
        queue->oldest = by;
    else
        by->older->newer = by;
    if (by->newer == NULL)
        queue->newest = by;
    else
        by->newer->older = by;
}
