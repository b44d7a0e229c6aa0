/* Rings of living processes: mapped files, as Linux has them. Other systems only read runs (elsewhere.c). */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "ingest/ring_internal.h"

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
    memcpy(header->magic, afmon_ring_magic, sizeof afmon_ring_magic);
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
    afmon_ring_set_up(ring, mapping, capacity, fd >= 0);
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
