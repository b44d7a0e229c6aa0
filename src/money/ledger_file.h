/* The file of a ledger: one page, read and written under a lock of it. */
#ifndef AFMON_MONEY_LEDGER_FILE_H
#define AFMON_MONEY_LEDGER_FILE_H

#include <pthread.h>

#include "base/file.h"
#include "money/ledger.h"

#define AFMON_LEDGER_VERSION 1u
#define AFMON_LEDGER_SLOTS 120
#define AFMON_LEDGER_BYTES 4096

/* What calls in flight of one process hold. A process holds the lock of its slot's byte for as long as it lives. */
struct afmon_ledger_slot {
    uint64_t owner; /* drawn when it was taken; 0: of nobody */
    int64_t reserved;
    uint64_t calls;
    int64_t pid; /* for people */
};
_Static_assert(sizeof(struct afmon_ledger_slot) == 32, "layout of a ledger's slot");

/* Amounts are in picodollars, millionths of a millionth of a dollar, so that sums are exact. */
struct afmon_ledger_page {
    char magic[8];
    uint32_t version;
    uint32_t slot_count;
    uint64_t check; /* hash of all that follows */
    int64_t limit;
    int64_t spent;
    int64_t uncertain;
    int64_t over;
    uint64_t settled_calls;
    uint64_t uncertain_calls;
    uint64_t over_calls;
    int64_t reached_ns; /* 0: not reached */
    unsigned char spare[168];
    struct afmon_ledger_slot slots[AFMON_LEDGER_SLOTS];
};
_Static_assert(sizeof(struct afmon_ledger_page) == AFMON_LEDGER_BYTES, "layout of a ledger");

struct afmon_ledger {
    pthread_mutex_t mutex; /* of all that follows */
    char *path;
    int fd;
    struct afmon_file_identity is;
    size_t slot;
    uint64_t owner;
    struct afmon_ledger_page page; /* as it was read last */
};

/* Opens the file, for writing; makes it where create, without a limit. *fd is -1, and the status AFMON_OK, where it is
 * not there and shall not be made. */
afmon_status afmon_ledger_file_open(const char *path, bool create, int *fd, afmon_error *error);

/* The page of a file that nobody else may be writing now. */
afmon_status afmon_ledger_page_read(const char *path, int fd, struct afmon_ledger_page *page, afmon_error *error);
afmon_status afmon_ledger_page_write(const char *path, int fd, struct afmon_ledger_page *page, afmon_error *error);

/* Takes mutex and lock, and reads the page; where that fails nothing is held. check: the file must still have its name,
 * for two ledgers would let through twice as much. */
afmon_status afmon_ledger_lock(struct afmon_ledger *ledger, bool check, afmon_error *error);
void afmon_ledger_unlock(struct afmon_ledger *ledger);

/* The lock of a slot's byte: is it held by another process, and taking it. */
bool afmon_ledger_slot_lives(int fd, size_t slot);
int afmon_ledger_slot_take(int fd, size_t slot);

#endif
