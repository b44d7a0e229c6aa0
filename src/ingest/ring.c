#include "ingest/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ring_magic[8] = {'A', 'F', 'M', 'O', 'N', 'R', 'N', 'G'};

static void set_up(struct afmon_ring *ring, void *mapping, uint64_t capacity, bool in_file)
{
    ring->header = mapping;
    ring->data = (unsigned char *)mapping + AFMON_RING_HEADER;
    ring->capacity = capacity;
    ring->in_file = in_file;
}

static void write_header(struct afmon_ring *ring, uint64_t session)
{
    struct afmon_ring_header *header = ring->header;
    header->version = AFMON_RING_VERSION;
    header->header_size = AFMON_RING_HEADER;
    header->session = session;
    header->capacity = ring->capacity;
    atomic_store_explicit(&header->tail, 0, memory_order_relaxed);
    atomic_store_explicit(&header->head, 0, memory_order_relaxed);
    atomic_store_explicit(&header->note.until, 0, memory_order_relaxed);
    /* The magic last: a file without it is no ring yet, and holds nothing. Only the compiler's order matters: who reads
     * this after a kill sees all stores up to some point of the program. */
    atomic_signal_fence(memory_order_seq_cst);
    memcpy(header->magic, ring_magic, sizeof ring_magic);
}

/* Touches every page once, in the kernel where it can do that, so that puts find them present. */
static void populate(unsigned char *mapping, size_t size)
{
#ifdef MADV_POPULATE_WRITE
    if (madvise(mapping, size, MADV_POPULATE_WRITE) == 0)
        return;
#endif
    for (size_t i = 0; i < size; i += AFMON_RING_HEADER)
        ((volatile unsigned char *)mapping)[i] = 0;
}

static int map_new(struct afmon_ring *ring, int fd, uint64_t session, uint64_t capacity)
{
    size_t size = AFMON_RING_HEADER + capacity;
    int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
    void *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (mapping == MAP_FAILED)
        return errno;
    /* a child that wrote into its parent's ring would be a second producer */
    if (madvise(mapping, size, MADV_DONTFORK) != 0) {
        int failure = errno;
        munmap(mapping, size);
        return failure;
    }
    populate(mapping, size);
    set_up(ring, mapping, capacity, fd >= 0);
    write_header(ring, session);
    return 0;
}

int afmon_ring_create(struct afmon_ring *ring, int folder, const char *name, uint64_t session, uint64_t capacity)
{
    int fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return errno;
    int failure = posix_fallocate(fd, 0, (off_t)(AFMON_RING_HEADER + capacity));
    if (failure == 0)
        failure = map_new(ring, fd, session, capacity);
    close(fd);
    if (failure != 0)
        unlinkat(folder, name, 0);
    return failure;
}

int afmon_ring_create_anonymous(struct afmon_ring *ring, uint64_t session, uint64_t capacity)
{
    return map_new(ring, -1, session, capacity);
}

static bool header_is_sound(const struct afmon_ring_header *header, uint64_t session, off_t file_size)
{
    uint64_t capacity = header->capacity;
    uint64_t tail = atomic_load_explicit(&header->tail, memory_order_acquire);
    uint64_t head = atomic_load_explicit(&header->head, memory_order_acquire);
    return memcmp(header->magic, ring_magic, sizeof ring_magic) == 0 && header->version == AFMON_RING_VERSION &&
           header->header_size == AFMON_RING_HEADER && header->session == session && capacity >= 4096 &&
           (capacity & (capacity - 1)) == 0 && (uint64_t)file_size == AFMON_RING_HEADER + capacity && head <= tail &&
           tail - head <= capacity && head % 8 == 0 && tail % 8 == 0;
}

/* Its maker was killed before it was a ring: no thread has put anything into it. */
static bool is_unborn(int fd, off_t size)
{
    char magic[sizeof ring_magic];
    static const char none[sizeof ring_magic];
    return size < AFMON_RING_HEADER ||
           (pread(fd, magic, sizeof magic, 0) == (ssize_t)sizeof magic && memcmp(magic, none, sizeof none) == 0);
}

static int map_existing(struct afmon_ring *ring, int fd, size_t size, uint64_t session, bool writable)
{
    struct afmon_ring_header *header =
        mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (header == MAP_FAILED)
        return errno;
    if (!header_is_sound(header, session, (off_t)size)) {
        munmap(header, size);
        return EINVAL;
    }
    set_up(ring, header, header->capacity, true);
    return 0;
}

int afmon_ring_map(struct afmon_ring *ring, int folder, const char *name, uint64_t session, bool writable)
{
    int fd = openat(folder, name, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno;
    struct stat status;
    int failure = fstat(fd, &status) != 0 ? errno : 0;
    if (failure == 0 && !S_ISREG(status.st_mode))
        failure = EINVAL;
    if (failure == 0 && is_unborn(fd, status.st_size))
        failure = ENODATA;
    if (failure == 0)
        failure = map_existing(ring, fd, (size_t)status.st_size, session, writable);
    close(fd);
    return failure;
}

void afmon_ring_unmap(struct afmon_ring *ring)
{
    if (ring->header != NULL)
        munmap(ring->header, AFMON_RING_HEADER + ring->capacity);
    ring->header = NULL;
    ring->data = NULL;
}

void afmon_ring_note(struct afmon_ring *ring, const struct afmon_note *note)
{
    struct afmon_ring_header *header = ring->header;
    header->note.metrics_offset = note->metrics_offset;
    header->note.metrics_length = note->metrics_length;
    header->note.log_offset = note->log_offset;
    header->note.log_length = note->log_length;
    /* the note counts from here on: a kill before this leaves until at head, and so no note */
    atomic_store_explicit(&header->note.until, note->until, memory_order_release);
}

void afmon_ring_note_clear(struct afmon_ring *ring)
{
    uint64_t head = atomic_load_explicit(&ring->header->head, memory_order_relaxed);
    atomic_store_explicit(&ring->header->note.until, head, memory_order_release);
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
