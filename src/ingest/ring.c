#include "ingest/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "ingest/ring_internal.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

const char afmon_ring_magic[8] = {'A', 'F', 'M', 'O', 'N', 'R', 'N', 'G'};

void afmon_ring_set_up(struct afmon_ring *ring, void *mapping, uint64_t capacity, bool in_file)
{
    *ring = (struct afmon_ring){.header = mapping,
                                .data = (unsigned char *)mapping + AFMON_RING_HEADER,
                                .capacity = capacity,
                                .in_file = in_file,
                                .folder = -1,
                                .fd = -1};
}

/* ---- rings of dead processes ---- */

static bool header_is_sound(const struct afmon_ring_header *header, uint64_t session, off_t file_size)
{
    uint64_t capacity = header->capacity;
    uint64_t tail = atomic_load_explicit(&header->tail, memory_order_acquire);
    uint64_t head = atomic_load_explicit(&header->head, memory_order_acquire);
    return memcmp(header->magic, afmon_ring_magic, sizeof afmon_ring_magic) == 0 && header->version > 0 &&
           header->version <= AFMON_RING_VERSION && header->header_size == AFMON_RING_HEADER &&
           header->session == session && capacity >= 4096 && capacity <= AFMON_RING_MAX &&
           (capacity & (capacity - 1)) == 0 && (uint64_t)file_size == AFMON_RING_HEADER + capacity && head <= tail &&
           tail - head <= capacity && head % 8 == 0 && tail % 8 == 0;
}

/* Reads what lies between head and tail to where it lies in the file: memory that is not written takes no room. */
static int read_records(const struct afmon_ring *ring, int fd)
{
    uint64_t at = afmon_ring_head(ring);
    uint64_t tail = afmon_ring_tail(ring);
    int failure = 0;
    while (failure == 0 && at < tail) {
        uint64_t length = afmon_ring_contiguous(ring, at, tail);
        uint64_t place = at & (ring->capacity - 1);
        failure = afmon_read_at(fd, ring->data + place, length, (off_t)(AFMON_RING_HEADER + place));
        at += length;
    }
    return failure;
}

static int read_file(struct afmon_ring *ring, int fd, uint64_t session)
{
    struct stat status;
    struct afmon_ring_header header;
    if (fstat(fd, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode) || status.st_size < AFMON_RING_HEADER)
        return EINVAL;
    int failure = afmon_read_at(fd, &header, sizeof header, 0);
    if (failure == 0 && !header_is_sound(&header, session, status.st_size))
        failure = EINVAL;
    if (failure != 0)
        return failure;
    void *memory = mmap(NULL, AFMON_RING_HEADER + header.capacity, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return ENOMEM;
    memcpy(memory, &header, sizeof header);
    afmon_ring_set_up(ring, memory, header.capacity, true);
    return read_records(ring, fd);
}

int afmon_ring_read(struct afmon_ring *ring, int folder, const char *name, uint64_t session, bool writable)
{
    *ring = (struct afmon_ring){.fd = -1, .folder = -1};
    int fd = openat(folder, name, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno;
    int failure = read_file(ring, fd, session);
    if (failure == 0 && writable)
        failure = afmon_file_identify(fd, &ring->identity);
    if (failure == 0 && writable)
        ring->fd = fd;
    else
        close(fd);
    if (failure != 0)
        afmon_ring_free(ring);
    return failure;
}

/* Whether there are zeros alone from `from` on; of a file that cannot be read that is not known. */
static bool is_zero(int fd, off_t from)
{
    static const char zeros[1 << 14];
    char piece[sizeof zeros];
    ssize_t got;
    while ((got = pread(fd, piece, sizeof piece, from)) > 0 && memcmp(piece, zeros, (size_t)got) == 0)
        from += got;
    return got == 0;
}

bool afmon_ring_is_unborn(int folder, const char *name)
{
    char magic[sizeof afmon_ring_magic] = {0};
    static const char none[sizeof afmon_ring_magic];
    struct stat status;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool unborn = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
                  (uint64_t)status.st_size <= AFMON_RING_HEADER + AFMON_RING_MAX &&
                  pread(fd, magic, sizeof magic, 0) >= 0 && memcmp(magic, none, sizeof none) == 0 &&
                  is_zero(fd, AFMON_RING_HEADER);
    close(fd);
    return unborn;
}

void afmon_ring_free(struct afmon_ring *ring)
{
    if (ring->header != NULL)
        munmap(ring->header, AFMON_RING_HEADER + ring->capacity);
    if (ring->guard != NULL)
        afmon_guard_remove(ring->guard);
    afmon_close_own(&ring->fd, &ring->identity);
    *ring = (struct afmon_ring){.fd = -1, .folder = -1};
}

/* ---- notes ---- */

/* Head and note together, so that neither is newer than the other. */
static int store_header(const struct afmon_ring *ring)
{
    if (ring->fd < 0)
        return 0;
    return afmon_fd_is(ring->fd, &ring->identity) ? afmon_write_at(ring->fd, ring->header, sizeof *ring->header, 0)
                                                  : EBADF;
}

int afmon_ring_note(struct afmon_ring *ring, const struct afmon_note *note)
{
    struct afmon_ring_header *header = ring->header;
    header->note.metrics_offset = note->metrics_offset;
    header->note.metrics_length = note->metrics_length;
    header->note.log_offset = note->log_offset;
    header->note.log_length = note->log_length;
    /* the note counts from here on: a kill before this leaves until at head, and so no note */
    atomic_store_explicit(&header->note.until, note->until, memory_order_release);
    return store_header(ring);
}

int afmon_ring_note_clear(struct afmon_ring *ring)
{
    uint64_t head = atomic_load_explicit(&ring->header->head, memory_order_relaxed);
    atomic_store_explicit(&ring->header->note.until, head, memory_order_release);
    return store_header(ring);
}

int afmon_ring_advance(struct afmon_ring *ring, uint64_t until)
{
    atomic_store_explicit(&ring->header->head, until, memory_order_release);
    return store_header(ring);
}

struct afmon_note afmon_ring_noted(const struct afmon_ring *ring)
{
    const struct afmon_ring_header *header = ring->header;
    struct afmon_note note = {.until = atomic_load_explicit(&header->note.until, memory_order_acquire)};
    note.metrics_offset = header->note.metrics_offset;
    note.metrics_length = header->note.metrics_length;
    note.log_offset = header->note.log_offset;
    note.log_length = header->note.log_length;
    return note;
}
