/* A ring: one producer thread puts records in, one consumer takes them out, and what is in it outlives the process.
 *
 * It is a shared mapping of a file: a page of header, then capacity bytes (a power of two) of records. Positions count
 * bytes since the ring was made and never wrap; a position's place is its remainder by the capacity. A record is in the
 * ring once the header's tail has passed it; the kernel keeps the mapped pages when the process is killed, so that a
 * later reader finds every record whose put had returned. Tail and head in the header are for that reader alone, and
 * are never read while the process lives: those that producer and consumer go by are in memory (hub.h), which nobody
 * can cut off.
 *
 * A mapped file may fault: it is cut off by others, or a copy-on-write file system that is full has no room for the
 * page. The guard (guard.h) then puts memory in the place of the page, and rings the producer's alarm, which refuses
 * the record and takes a new ring. What was in the ring before stays in its file until it has landed
 * (afmon_ring_check_file).
 *
 * The ring of a dead process is not mapped but read (afmon_ring_read), so that nobody can make a reader fault.
 *
 * Landing note. Before the consumer writes a batch's text to the files, it notes in the header up to where the batch
 * reaches and where in the files it will go; after the write it advances head. So a recovery can tell a batch that
 * landed from one that did not (landing.h). */
#ifndef AFMON_INGEST_RING_H
#define AFMON_INGEST_RING_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/file.h"
#include "ingest/guard.h"
#include "ingest/record.h"

#define AFMON_RING_HEADER 4096
#define AFMON_RING_VERSION 2 /* 1: records without seals */
#define AFMON_RING_MAX (UINT64_C(64) << 20)
#define AFMON_RING_NAME 64

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
    bool in_file;                        /* false: in memory alone, gone with the process */
    int folder;                          /* of its file */
    char name[AFMON_RING_NAME];          /* of its file */
    int fd;                              /* its file, where notes and head are written, too; -1: the mapping will do */
    struct afmon_file_identity identity; /* of that file */
    struct afmon_guarded *guard;         /* of a mapped file */
    uint64_t lost_pages;                 /* that were seen */
};

/* Creates a ring in a new file `name` of the folder, which gets that name once it is one. Its space is allocated at
 * once, so that a full disk is an error here, and its pages are touched, so that a put does not fault. The mapping is
 * not inherited over fork. alarm: as in afmon_guard_add. Returns 0 or errno; ENOTSUP where the mapping might raise a
 * signal that the guard could not take. */
int afmon_ring_create(struct afmon_ring *ring, int folder, const char *name, uint64_t session, uint64_t capacity,
                      _Atomic uint64_t *alarm);

/* The same in anonymous memory. */
int afmon_ring_create_anonymous(struct afmon_ring *ring, uint64_t session, uint64_t capacity);

/* Reads the ring of a dead process, after checking that its header makes sense. Returns 0, errno, EINVAL where it is no
 * ring of this session. writable: notes and head will be written to the file. */
int afmon_ring_read(struct afmon_ring *ring, int folder, const char *name, uint64_t session, bool writable);

/* A ring of afmon 0.1.0, which made them under their own names, whose process was killed before it was one: it has no
 * magic, and nothing but zeros where records would be. */
bool afmon_ring_is_unborn(int folder, const char *name);

/* Lets go of its memory; the file stays. */
void afmon_ring_free(struct afmon_ring *ring);

/* Consumer. Looks what became of a live ring's file; false: of what was in the ring something is gone, since this was
 * asked last, and the file is removed. Where the header's page is in memory now, notes and head are written to the file
 * from here on. */
bool afmon_ring_check_file(struct afmon_ring *ring);

/* Producer. Whether any page of it is in memory, and no record is to be put in any more. */
static inline bool afmon_ring_is_broken(const struct afmon_ring *ring)
{
    return ring->guard != NULL && afmon_guard_moved(ring->guard) > 0;
}

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

/* Consumer. Notes a batch; takes the note back (because the batch did not land, and left nothing behind); moves head
 * on. 0 or errno, of a dead process's ring alone. */
int afmon_ring_note(struct afmon_ring *ring, const struct afmon_note *note);
int afmon_ring_note_clear(struct afmon_ring *ring);
int afmon_ring_advance(struct afmon_ring *ring, uint64_t until);
struct afmon_note afmon_ring_noted(const struct afmon_ring *ring);

/* Of a dead process's ring, which nobody moves on but us. */
static inline uint64_t afmon_ring_head(const struct afmon_ring *ring)
{
    return atomic_load_explicit(&ring->header->head, memory_order_acquire);
}

static inline uint64_t afmon_ring_tail(const struct afmon_ring *ring)
{
    return atomic_load_explicit(&ring->header->tail, memory_order_acquire);
}

#endif
