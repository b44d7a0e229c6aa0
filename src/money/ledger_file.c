#include "money/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/lock.h"
#include "base/random.h"
#include "base/status.h"

#define MAGIC "afmonled"
#define SEED 0x6c6564676572 /* against accidents, not against people */
#define LOCK_TIMEOUT_S 10

static uint64_t check_of(const struct afmon_ledger_page *page)
{
    size_t from = offsetof(struct afmon_ledger_page, check) + sizeof page->check;
    return afmon_hash(SEED, (const char *)page + from, sizeof *page - from);
}

/* ---- The page ---- */

afmon_status afmon_ledger_page_read(const char *path, int fd, struct afmon_ledger_page *page, afmon_error *error)
{
    int failure = afmon_read_at(fd, page, sizeof *page, 0);
    if (failure != 0 && failure != EIO)
        return afmon_fail_os(error, failure, "cannot read the ledger %s", path);
    if (failure != 0 || memcmp(page->magic, MAGIC, sizeof page->magic) != 0)
        return afmon_fail(
            error, AFMON_E_FORMAT,
            "%s is no ledger, or was cut off: what this run has spent is not known; use another run folder", path);
    if (page->version != AFMON_LEDGER_VERSION || page->slot_count != AFMON_LEDGER_SLOTS)
        return afmon_fail(error, AFMON_E_FORMAT,
                          "the ledger %s is of version %" PRIu32 ", and this afmon knows version %u; use that which "
                          "began the run",
                          path, page->version, AFMON_LEDGER_VERSION);
    if (page->check != check_of(page))
        return afmon_fail(error, AFMON_E_FORMAT,
                          "the ledger %s is damaged: what this run has spent is not known; use another run folder",
                          path);
    return AFMON_OK;
}

afmon_status afmon_ledger_page_write(const char *path, int fd, struct afmon_ledger_page *page, afmon_error *error)
{
    page->check = check_of(page);
    int failure = afmon_write_at(fd, page, sizeof *page, 0);
    return failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "cannot write the ledger %s", path);
}

/* ---- Making it ---- */

static void fill_new(struct afmon_ledger_page *page)
{
    memset(page, 0, sizeof *page);
    memcpy(page->magic, MAGIC, sizeof page->magic);
    page->version = AFMON_LEDGER_VERSION;
    page->slot_count = AFMON_LEDGER_SLOTS;
    page->check = check_of(page);
}

/* A whole page under a name of its own. */
static int write_beside(const char *name)
{
    struct afmon_ledger_page page;
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    fill_new(&page);
    int failure = afmon_write_at(fd, &page, sizeof page, 0);
    if (close(fd) != 0 && failure == 0)
        failure = errno;
    return failure;
}

/* It gets its name with all that is in it, and only where nobody else has made one: a second one in its place would
 * forget what was spent. */
static int make(const char *path)
{
    uint64_t number;
    size_t size = strlen(path) + 24;
    char *name = malloc(size);
    int failure = name == NULL ? ENOMEM : afmon_random(&number, sizeof number);
    if (failure == 0) {
        snprintf(name, size, "%s.%016" PRIx64, path, number);
        failure = write_beside(name);
        if (failure == 0 && link(name, path) != 0)
            failure = errno;
        (void)unlink(name);
    }
    free(name);
    return failure == EEXIST ? 0 : failure;
}

static int open_there(const char *path, int *fd)
{
    *fd = afmon_fd_above_standard(open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    return *fd < 0 ? errno : 0;
}

afmon_status afmon_ledger_file_open(const char *path, bool create, int *fd, afmon_error *error)
{
    int failure = open_there(path, fd);
    if (failure == ENOENT && !create)
        return AFMON_OK;
    if (failure == ENOENT) {
        failure = make(path);
        if (failure != 0)
            return afmon_fail_os(error, failure, "cannot make the ledger %s, which holds the limit", path);
        failure = open_there(path, fd);
    }
    return failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "cannot open the ledger %s", path);
}

/* ---- Locks ---- */

bool afmon_ledger_slot_lives(int fd, size_t slot)
{
    return afmon_lock_look_bytes(fd, (int64_t)(AFMON_LEDGER_BYTES + slot), 1) != AFMON_LOCK_FREE;
}

int afmon_ledger_slot_take(int fd, size_t slot)
{
    return afmon_lock_take_bytes(fd, (int64_t)(AFMON_LEDGER_BYTES + slot), 1, 0);
}

static afmon_status take_lock(const struct afmon_ledger *ledger, afmon_error *error)
{
    int failure = afmon_lock_take_bytes(ledger->fd, 0, AFMON_LEDGER_BYTES, LOCK_TIMEOUT_S);
    if (failure == EWOULDBLOCK)
        return afmon_fail(error, AFMON_E_TIMEOUT,
                          "another process has held the ledger %s for %d s, as one that is "
                          "stopped does",
                          ledger->path, LOCK_TIMEOUT_S);
    if (afmon_lock_is_impossible(failure))
        return afmon_fail_os(error, failure, "the ledger %s needs a file system with locks", ledger->path);
    return failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "cannot lock the ledger %s", ledger->path);
}

static afmon_status check_name(const struct afmon_ledger *ledger, afmon_error *error)
{
    struct stat named;
    if (lstat(ledger->path, &named) == 0 && afmon_file_is(&named, &ledger->is))
        return AFMON_OK;
    return afmon_fail(error, AFMON_E_FORMAT, "the ledger %s was removed or replaced: the limit cannot be held any more",
                      ledger->path);
}

afmon_status afmon_ledger_lock(struct afmon_ledger *ledger, bool check, afmon_error *error)
{
    pthread_mutex_lock(&ledger->mutex);
    afmon_status status = take_lock(ledger, error);
    if (status == AFMON_OK) {
        status = check ? check_name(ledger, error) : AFMON_OK;
        if (status == AFMON_OK)
            status = afmon_ledger_page_read(ledger->path, ledger->fd, &ledger->page, error);
        if (status == AFMON_OK)
            return AFMON_OK;
        afmon_lock_release_bytes(ledger->fd, 0, AFMON_LEDGER_BYTES);
    }
    pthread_mutex_unlock(&ledger->mutex);
    return status;
}

void afmon_ledger_unlock(struct afmon_ledger *ledger)
{
    afmon_lock_release_bytes(ledger->fd, 0, AFMON_LEDGER_BYTES);
    pthread_mutex_unlock(&ledger->mutex);
}
