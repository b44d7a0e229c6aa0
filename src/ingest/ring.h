/* A ring: one producer thread puts records in, one consumer takes them out, and what is in it outlives the process.
 *
 * It is a shared mapping of a file: a page of header, then capacity bytes (a power of two) of records. Positions count
 * bytes since the ring was made and never wrap; a position's place is its remainder by the capacity. tail is written by
 * the producer alone, head by the consumer alone. A record is in the ring once tail has passed it (store-release); the
 * kernel keeps the mapped pages when the process is killed, so that a later reader finds every record whose put had
 * returned.
 *
 * Progress: put is wait-free while there is room; take is wait-free. Who waits for room, and how, is the caller's
 * affair (hub.h).
 *
 * Landing note. Before the consumer writes a batch's text to the files, it notes in the header up to where the batch
 * reaches and where in the files it will go; after the write it advances head. So a recovery can tell a batch that
 * landed from one that did not (landing.h). */
#ifndef AFMON_INGEST_RING_H
#define AFMON_INGEST_RING_H

#include <stdatomic.h>
#include <stdint.h>

#include "ingest/record.h"

#define AFMON_RING_HEADER 4096
#define AFMON_RING_VERSION 1

struct afmon_note {
    uint64_t until;         /* the batch is from head to here; where that is head, there is no batch. Written last */
    int64_t metrics_offset; /* size of the file before the batch */
    uint64_t metrics_length;
    int64_t log_offset;
    uint64_t log_length;
};

struct afmon_ring_header {
    char magic[8]; /* "AFMONRNG" */
    uint32_t version;
    uint32_t header_size;
    uint64_t session; /* serial of the session it belongs to */
    uint64_t capacity;
    _Alignas(64) _Atomic uint64_t tail;
    _Alignas(64) _Atomic uint64_t head;
    _Alignas(64) struct {
        _Atomic uint64_t until;
        int64_t metrics_offset;
        uint64_t metrics_length;
        int64_t log_offset;
        uint64_t log_length;
    } note;
};
_Static_assert(sizeof(struct afmon_ring_header) == 256, "on-disk layout");
_Static_assert(sizeof(_Atomic uint64_t) == 8, "on-disk layout");

struct afmon_ring {
    struct afmon_ring_header *header;
    unsigned char *data;
    uint64_t capacity;
    bool in_file; /* false: anonymous memory, gone with the process */
};

/* Creates a ring in a new file `name` of the folder. Its space is allocated at once, so that a full disk is an error
 * here and never a SIGBUS later, and its pages are touched, so that a put does not fault. The mapping is not inherited
 * over fork. Returns 0 or errno. */
int afmon_ring_create(struct afmon_ring *ring, int folder, const char *name, uint64_t session, uint64_t capacity);

/* The same in anonymous memory. */
int afmon_ring_create_anonymous(struct afmon_ring *ring, uint64_t session, uint64_t capacity);

/* Maps an existing ring, of a dead process, after checking that its header makes sense. Returns 0, errno, EINVAL where
 * it is no ring of this session, ENODATA where it never became one. writable: for recovery; else read-only. */
int afmon_ring_map(struct afmon_ring *ring, int folder, const char *name, uint64_t session, bool writable);

void afmon_ring_unmap(struct afmon_ring *ring);

/* Consumer. The record at a position before tail; pads are to be skipped by the caller. */
static inline const unsigned char *afmon_ring_at(const struct afmon_ring *ring, uint64_t position)
{
    return ring->data + (position & (ring->capacity - 1));
}

/* Consumer. Bytes that may be read from position on, given tail, without wrapping. */
static inline uint64_t afmon_ring_contiguous(const struct afmon_ring *ring, uint64_t position, uint64_t tail)
{
    uint64_t to_end = ring->capacity - (position & (ring->capacity - 1));
    return tail - position < to_end ? tail - position : to_end;
}

/* Consumer. Notes a batch, and takes the note back (because the batch did not land, and left nothing behind). */
void afmon_ring_note(struct afmon_ring *ring, const struct afmon_note *note);
void afmon_ring_note_clear(struct afmon_ring *ring);
struct afmon_note afmon_ring_noted(const struct afmon_ring *ring);

#endif
