#include "ingest/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"

static const char ring_magic[8] = {'A', 'F', 'M', 'O', 'N', 'R', 'N', 'G'};

static void set_up(struct afmon_ring *ring, void *mapping, uint64_t capacity, bool in_file)
{
    *ring = (struct afmon_ring){.header = mapping,
                                .data = (unsigned char *)mapping + AFMON_RING_HEADER,
                                .capacity = capacity,
                                .in_file = in_file,
                                .folder = -1,
                                .fd = -1};
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
    memcpy(header->magic, ring_magic, sizeof ring_magic);
}

/* Touches every page once, in the kernel where it can do that, so that puts find them present. 0 or errno: ENOSPC where
 * the file has not got them. */
static int populate(unsigned char *mapping, size_t size)
{
#ifdef MADV_POPULATE_WRITE
    if (madvise(mapping, size, MADV_POPULATE_WRITE) == 0)
        return 0;
    if (errno != EINVAL)
        return errno == EFAULT ? ENOSPC : errno;
#endif
    for (size_t i = 0; i < size; i += AFMON_RING_HEADER)
        ((volatile unsigned char *)mapping)[i] = 0;
    return 0;
}

static int map_new(struct afmon_ring *ring, int fd, uint64_t session, uint64_t capacity, _Atomic uint64_t *alarm)
{
    size_t size = AFMON_RING_HEADER + capacity;
    int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
    void *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (mapping == MAP_FAILED)
        return errno;
    set_up(ring, mapping, capacity, fd >= 0);
    ring->guard = fd >= 0 ? afmon_guard_add(mapping, size, alarm) : NULL;
    int failure = fd >= 0 && ring->guard == NULL ? ENOMEM : 0;
    /* a child that wrote into its parent's ring would be a second producer */
    if (failure == 0 && madvise(mapping, size, MADV_DONTFORK) != 0)
        failure = errno;
    if (failure == 0)
        failure = populate(mapping, size);
    if (failure == 0) {
        write_header(ring, session);
        failure = afmon_ring_is_broken(ring) ? ENOSPC : 0;
    }
    if (failure != 0)
        afmon_ring_free(ring);
    return failure;
}

/* ---- file systems ---- */

/* A copy-on-write file system needs room for each page that is written again, unless it is told to write in place. That
 * has to be said while the file is empty. True where the file is written in place. */
static bool write_in_place(int fd)
{
    int flags = 0;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0)
        return false;
    flags |= FS_NOCOW_FL;
    if (ioctl(fd, FS_IOC_SETFLAGS, &flags) != 0)
        return false;
    return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_NOCOW_FL) != 0;
}

/* Whether a page of a file whose space is allocated can be written as long as nobody meddles with the file. */
static bool keeps_its_pages(int fd)
{
    struct statfs facts;
    if (fstatfs(fd, &facts) != 0)
        return false;
    switch ((unsigned long)facts.f_type) {
    case BTRFS_SUPER_MAGIC:
        return write_in_place(fd);
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case TMPFS_MAGIC:
    case F2FS_SUPER_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
        return true;
    default:
        return false;
    }
}

static int make_file(struct afmon_ring *ring, int fd, uint64_t session, uint64_t capacity, _Atomic uint64_t *alarm)
{
    if (!keeps_its_pages(fd) && !afmon_guard_is_ready())
        return ENOTSUP;
    int failure;
    do
        failure = posix_fallocate(fd, 0, (off_t)(AFMON_RING_HEADER + capacity));
    while (failure == EINTR);
    return failure == 0 ? map_new(ring, fd, session, capacity, alarm) : failure;
}

int afmon_ring_create(struct afmon_ring *ring, int folder, const char *name, uint64_t session, uint64_t capacity,
                      _Atomic uint64_t *alarm)
{
    char temporary[AFMON_RING_NAME + 8];
    snprintf(temporary, sizeof temporary, "%s.new", name);
    (void)afmon_guard_is_ready(); /* it is put into place before there is a mapping */
    int fd =
        afmon_fd_above_standard(openat(folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (fd < 0)
        return errno;
    int failure = make_file(ring, fd, session, capacity, alarm);
    close(fd);
    if (failure == 0 && renameat(folder, temporary, folder, name) != 0) {
        failure = errno;
        afmon_ring_free(ring);
    }
    if (failure != 0) {
        unlinkat(folder, temporary, 0);
        return failure;
    }
    ring->folder = folder;
    snprintf(ring->name, sizeof ring->name, "%s", name);
    return 0;
}

int afmon_ring_create_anonymous(struct afmon_ring *ring, uint64_t session, uint64_t capacity)
{
    return map_new(ring, -1, session, capacity, NULL);
}

/* ---- the file of a live ring ---- */

/* Whatever of it is gone comes to light at once, and not page by page. The producer may write there meanwhile: what is
 * read does not matter. */
__attribute__((no_sanitize("thread"))) static void touch_all(const struct afmon_ring *ring)
{
    const volatile unsigned char *mapping = (const volatile unsigned char *)ring->header;
    for (uint64_t i = 0; i < AFMON_RING_HEADER + ring->capacity; i += AFMON_RING_HEADER)
        (void)mapping[i];
}

static void lose_file(struct afmon_ring *ring)
{
    if (ring->in_file)
        unlinkat(ring->folder, ring->name, 0);
    afmon_close_own(&ring->fd, &ring->identity);
    ring->in_file = false;
}

bool afmon_ring_check_file(struct afmon_ring *ring)
{
    if (__builtin_expect(!afmon_ring_is_broken(ring), 1))
        return true;
    uint64_t before = ring->lost_pages;
    if (ring->in_file && afmon_guard_lost(ring->guard) > 0)
        touch_all(ring);
    ring->lost_pages = afmon_guard_lost(ring->guard);
    if (ring->lost_pages > 0)
        lose_file(ring);
    if (ring->fd >= 0 && !afmon_fd_is(ring->fd, &ring->identity))
        ring->fd = -1; /* something else closed it */
    if (ring->in_file && ring->fd < 0 && afmon_guard_moved_first(ring->guard)) {
        ring->fd = afmon_fd_above_standard(openat(ring->folder, ring->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
        if (afmon_file_identify(ring->fd, &ring->identity) != 0)
            lose_file(ring); /* with an old head in it, it would count twice */
    }
    return ring->lost_pages == before;
}

/* ---- rings of dead processes ---- */

static bool header_is_sound(const struct afmon_ring_header *header, uint64_t session, off_t file_size)
{
    uint64_t capacity = header->capacity;
    uint64_t tail = atomic_load_explicit(&header->tail, memory_order_acquire);
    uint64_t head = atomic_load_explicit(&header->head, memory_order_acquire);
    return memcmp(header->magic, ring_magic, sizeof ring_magic) == 0 && header->version > 0 &&
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
    set_up(ring, memory, header.capacity, true);
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
    char magic[sizeof ring_magic] = {0};
    static const char none[sizeof ring_magic];
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
