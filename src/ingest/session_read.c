/* Reading the session files of others. They may be damaged or made up: every name and length is checked. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "ingest/record.h"
#include "ingest/session.h"

#define PIECE ((size_t)256 << 10)
#define ENTRY_MAX (2 * AFMON_RECORD_MAX)

void afmon_session_file_name(uint64_t serial, char out[AFMON_FILE_NAME])
{
    snprintf(out, AFMON_FILE_NAME, "%016" PRIx64 ".session", serial);
}

void afmon_metrics_file_name(uint64_t serial, char out[AFMON_FILE_NAME])
{
    snprintf(out, AFMON_FILE_NAME, "metrics-%016" PRIx64 ".jsonl", serial);
}

void afmon_session_name_file(uint64_t serial, const char *plain, char out[AFMON_FILE_NAME])
{
    if (serial == 0)
        snprintf(out, AFMON_FILE_NAME, "%s", plain);
    else if (strncmp(plain, "metrics", 7) == 0)
        afmon_metrics_file_name(serial, out);
    else
        snprintf(out, AFMON_FILE_NAME, "afterimage-%016" PRIx64 ".log", serial);
}

void afmon_ring_file_name(uint64_t serial, uint32_t number, char out[AFMON_FILE_NAME])
{
    snprintf(out, AFMON_FILE_NAME, "%016" PRIx64 "-%" PRIu32 ".ring", serial, number);
}

static bool is_hex(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isdigit((unsigned char)text[i]) && (text[i] < 'a' || text[i] > 'f'))
            return false;
    return true;
}

/* True for STEM + ENDING and STEM-0123456789abcdef + ENDING, and for nothing that leads out of the folder. */
static bool is_file_of(const char *name, const char *stem, const char *ending)
{
    size_t stem_length = strlen(stem);
    if (strncmp(name, stem, stem_length) != 0)
        return false;
    name += stem_length;
    if (name[0] == '-' && strnlen(name, 18) >= 17 && is_hex(name + 1, 16))
        name += 17;
    return strcmp(name, ending) == 0;
}

static bool copy_name(char out[AFMON_FILE_NAME], const char *in, const char *stem, const char *ending)
{
    if (memchr(in, '\0', AFMON_FILE_NAME) == NULL)
        return false;
    memcpy(out, in, AFMON_FILE_NAME);
    return out[0] == '\0' || is_file_of(out, stem, ending);
}

/* By somebody who may write it, or with flock(2) by an afmon 0.1.0. */
static bool is_flocked(int fd)
{
    if (flock(fd, LOCK_SH | LOCK_NB) != 0)
        return errno == EWOULDBLOCK;
    flock(fd, LOCK_UN);
    return false;
}

static bool may_be_held(int fd, uint64_t life)
{
    switch (life) {
    case AFMON_LIFE_FLOCK:
        return is_flocked(fd);
    case AFMON_LIFE_LOCK:
        return afmon_lock_look(fd) != AFMON_LOCK_FREE;
    default:
        return true;
    }
}

bool afmon_session_is_alive(int fd, const struct afmon_session_header *header)
{
    return may_be_held(fd, header->life) && !afmon_identity_is_gone(&header->owner);
}

/* Of a file that says nothing to us: somebody living holds it, perhaps another version of this library. */
static bool is_locked(int fd)
{
    return afmon_lock_look(fd) == AFMON_LOCK_HELD || is_flocked(fd);
}

/* Moves *at over the entries that are in the bytes as a whole. False: what follows can be none. */
static bool pass_entries(const unsigned char *bytes, size_t length, size_t *at)
{
    struct afmon_definition head;
    while (length - *at >= sizeof head) {
        memcpy(&head, bytes + *at, sizeof head);
        if (head.length < sizeof head || head.length > ENTRY_MAX)
            return false;
        if (head.length > length - *at)
            return true;
        *at += head.length;
    }
    return true;
}

/* As far as there are entries: the file may be a sparse one of any size. */
static int read_dictionary(int fd, off_t size, struct afmon_session_record *record)
{
    size_t all = (size_t)(size - AFMON_SESSION_HEADER);
    size_t entries = 0;
    size_t length = 0;
    for (size_t wanted = PIECE; length < all && pass_entries(record->dictionary, length, &entries);
         wanted = length * 2) {
        wanted = wanted < all ? wanted : all;
        unsigned char *bigger = realloc(record->dictionary, wanted);
        if (bigger == NULL)
            return ENOMEM;
        record->dictionary = bigger;
        int failure = afmon_read_at(fd, bigger + length, wanted - length, AFMON_SESSION_HEADER + (off_t)length);
        if (failure != 0)
            return failure;
        length = wanted;
    }
    record->dictionary_length = length;
    return 0;
}

static bool is_sound(const struct afmon_session_header *header, uint64_t serial, struct afmon_session_record *record)
{
    return memcmp(header->magic, "AFMONSES", 8) == 0 && header->version == AFMON_SESSION_VERSION &&
           header->header_size == AFMON_SESSION_HEADER && header->serial == serial &&
           copy_name(record->metrics_file, header->metrics_file, "metrics", ".jsonl") &&
           copy_name(record->log_file, header->log_file, "afterimage", ".log");
}

static int read_header(int fd, struct afmon_session_header *header, off_t *size)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return errno;
    *size = status.st_size;
    if (!S_ISREG(status.st_mode) || status.st_size < AFMON_SESSION_HEADER)
        return EINVAL;
    int failure = afmon_read_at(fd, header, sizeof *header, 0);
    header->owner.boot_id[sizeof header->owner.boot_id - 1] = '\0';
    return failure;
}

/* What its process wrote until it died is only known once it is dead: everything is read again then. */
static int read_open_session(int fd, uint64_t serial, struct afmon_session_record *record)
{
    off_t size = 0;
    struct afmon_session_header header;
    int failure = read_header(fd, &header, &size);
    if (failure != 0)
        return failure;
    if (!is_sound(&header, serial, record))
        return is_locked(fd) ? EBUSY : EINVAL;
    record->alive = afmon_session_is_alive(fd, &header);
    failure = read_header(fd, &header, &size);
    if (failure == 0 && !is_sound(&header, serial, record))
        failure = EINVAL;
    if (failure != 0)
        return failure;
    record->serial = serial;
    record->wall_offset_ns = atomic_load_explicit(&header.wall_offset_ns, memory_order_relaxed);
    record->metrics = header.metrics;
    record->log = header.log;
    record->old = header.life == AFMON_LIFE_FLOCK;
    return read_dictionary(fd, size, record);
}

int afmon_session_read(int private_folder, uint64_t serial, struct afmon_session_record *record)
{
    char name[AFMON_FILE_NAME];
    memset(record, 0, sizeof *record);
    afmon_session_file_name(serial, name);
    int fd = openat(private_folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno;
    int failure = read_open_session(fd, serial, record);
    close(fd);
    if (failure != 0)
        afmon_session_record_free(record);
    return failure;
}

void afmon_session_record_free(struct afmon_session_record *record)
{
    free(record->dictionary);
    record->dictionary = NULL;
}

/* Opens the folder anew, so that reading its entries does not move somebody else's place in it. */
static DIR *open_entries(int private_folder)
{
    int fd = openat(private_folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    DIR *entries = fdopendir(fd);
    if (entries == NULL) {
        int failure = errno;
        close(fd);
        errno = failure;
    }
    return entries;
}

int afmon_session_list(int private_folder, int (*visit)(void *user, uint64_t serial), void *user)
{
    DIR *entries = open_entries(private_folder);
    if (entries == NULL)
        return errno;
    int failure = 0;
    const struct dirent *entry;
    while (failure == 0 && (entry = readdir(entries)) != NULL) {
        if (strlen(entry->d_name) == 24 && is_hex(entry->d_name, 16) && strcmp(entry->d_name + 16, ".session") == 0)
            failure = visit(user, strtoull(entry->d_name, NULL, 16));
    }
    closedir(entries);
    return failure;
}

static bool is_unborn(const char *name, uint64_t serial)
{
    size_t length = strlen(name);
    if (length < 20 || !is_hex(name, 16) || strcmp(name + length - 4, ".new") != 0)
        return false;
    return serial == 0 ? length == 20 : name[16] == '-' && strtoull(name, NULL, 16) == serial;
}

void afmon_session_remove_unborn(int private_folder, uint64_t serial)
{
    DIR *entries = open_entries(private_folder);
    const struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (is_unborn(entry->d_name, serial))
            unlinkat(private_folder, entry->d_name, 0);
    }
    if (entries != NULL)
        closedir(entries);
}

int afmon_session_list_rings(int private_folder, uint64_t serial, int (*visit)(void *user, const char *name),
                             void *user)
{
    char prefix[20];
    snprintf(prefix, sizeof prefix, "%016" PRIx64 "-", serial);
    DIR *entries = open_entries(private_folder);
    if (entries == NULL)
        return errno;
    int failure = 0;
    const struct dirent *entry;
    while (failure == 0 && (entry = readdir(entries)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length > 22 && length < AFMON_FILE_NAME && strncmp(entry->d_name, prefix, 17) == 0 &&
            strcmp(entry->d_name + length - 5, ".ring") == 0)
            failure = visit(user, entry->d_name);
    }
    closedir(entries);
    return failure;
}

/* The session file is the last that goes when a session ends. */
static bool is_orphan(int private_folder, const char *name)
{
    char session[AFMON_FILE_NAME];
    size_t length = strlen(name);
    if (length <= 22 || !is_hex(name, 16) || name[16] != '-' || strcmp(name + length - 5, ".ring") != 0)
        return false;
    afmon_session_file_name(strtoull(name, NULL, 16), session);
    return faccessat(private_folder, session, F_OK, 0) != 0 && faccessat(private_folder, name, F_OK, 0) == 0;
}

static bool is_set_aside(const char *name)
{
    size_t length = strlen(name);
    return length > 8 && strcmp(name + length - 8, ".damaged") == 0;
}

int afmon_session_count_damaged(int private_folder, size_t *count)
{
    *count = 0;
    DIR *entries = open_entries(private_folder);
    if (entries == NULL)
        return errno;
    const struct dirent *entry;
    while ((entry = readdir(entries)) != NULL)
        *count += is_set_aside(entry->d_name) || is_orphan(private_folder, entry->d_name);
    closedir(entries);
    return 0;
}
