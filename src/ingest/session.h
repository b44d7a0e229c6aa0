/* A session: one process's (and one monitor's) writing in a run folder.
 *
 * In the folder `.afmon` inside the run folder a session has a file SERIAL.session, which says who writes (process,
 * files) and holds the session's dictionary, and a file SERIAL-N.ring a recording thread. The session file is locked
 * as long as its process lives: a held lock is life (afmon_session_is_alive). All of them are gone after a clean close;
 * what remains belongs to a process that was killed, and the next one to open the folder recovers it (recover.h). Who
 * creates, claims, recovers or removes holds the lock of the private folder (private.h).
 *
 * File names of a session: the first one in a folder writes metrics.jsonl and afterimage.log, further ones (that live
 * at the same time) metrics-SERIAL.jsonl and afterimage-SERIAL.log. */
#ifndef AFMON_INGEST_SESSION_H
#define AFMON_INGEST_SESSION_H

#include <afmon/afmon.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/file.h"
#include "ingest/identity.h"
#include "ingest/private.h"

#define AFMON_SESSION_HEADER 4096
#define AFMON_SESSION_VERSION 1
#define AFMON_FILE_NAME 64 /* room for the name of a session's file, NUL included */

/* What tells that a session lives. */
enum {
    AFMON_LIFE_FLOCK = 0, /* a lock of flock(2): sessions of afmon 0.1.0 */
    AFMON_LIFE_LOCK = 1,  /* a write lock of its file (base/lock.h) */
    AFMON_LIFE_NONE = 2,  /* the file system has no locks: only what is known of its process */
};

struct afmon_session_header {
    char magic[8]; /* "AFMONSES" */
    uint32_t version;
    uint32_t header_size;
    uint64_t serial;
    struct afmon_identity owner;
    _Atomic int64_t wall_offset_ns;     /* what makes wall time of a record's boot time; kept up to date */
    char metrics_file[AFMON_FILE_NAME]; /* names in the run folder; empty: this session writes none */
    char log_file[AFMON_FILE_NAME];
    uint64_t life;                      /* AFMON_LIFE_ */
    struct afmon_file_identity metrics; /* the files that it writes: a copy of the run has other ones */
    struct afmon_file_identity log;
};
_Static_assert(sizeof(struct afmon_identity) == 64, "on-disk layout");
_Static_assert(sizeof(struct afmon_session_header) == 264, "on-disk layout");

struct afmon_session {
    struct afmon_private place;
    int fd;                              /* the session file, locked where that is possible */
    struct afmon_file_identity identity; /* of that file */
    bool lockless;
    uint64_t serial;
    int64_t wall_offset_ns; /* what makes wall time of boot time: as the file says, whoever else reads it */
    char metrics_file[AFMON_FILE_NAME];
    char log_file[AFMON_FILE_NAME];
    pthread_mutex_t lock; /* of what follows: the dictionary */
    int64_t dictionary_end;
    uint32_t definitions;
};

/* One entry of the dictionary, padded to a multiple of 8, followed by name and packed fields. */
struct afmon_definition {
    uint32_t length; /* of the whole entry */
    uint32_t number; /* 1, 2, 3 ... */
    uint32_t name_length;
    uint32_t fields_length;
};
_Static_assert(sizeof(struct afmon_definition) == 16, "on-disk layout");

/* A serial that no session has had. 0, or an errno. */
int afmon_session_new_serial(uint64_t *serial);

/* Opens a session in an existing run folder, after recovering what dead ones left. metrics, log: whether it will write
 * these files. *recovered is the number of records recovered. */
afmon_status afmon_session_open(struct afmon_session *session, const char *folder, bool metrics, bool log,
                                uint64_t *recovered, afmon_error *error);

/* Ends it: removes the session file where nothing is left behind (clean), closes. */
void afmon_session_close(struct afmon_session *session, bool clean);

/* In a forked child: lets go of what was inherited of the parent's session, without touching the parent's. */
void afmon_session_abandon(struct afmon_session *session);

/* What makes wall time of boot time has changed. */
void afmon_session_set_wall_offset(struct afmon_session *session, int64_t offset_ns);

/* One of the files that it writes: its name (empty: none), and which one it is. */
struct afmon_session_file {
    char name[AFMON_FILE_NAME];
    struct afmon_file_identity identity;
};

/* Which files it writes, once they are open, and whenever others take their place. 0 or errno: then a recovery would
 * look for what was written last in the files of before. */
int afmon_session_set_files(struct afmon_session *session, const struct afmon_session_file *metrics,
                            const struct afmon_session_file *log);

/* Whether its file still has a name, and its descriptors are its own: others may have removed the run folder or what is
 * private in it, or closed what is not theirs. */
bool afmon_session_is_there(const struct afmon_session *session);

/* Opens anew what is not there, and makes the run folder (path) where it is gone. Where the session's file is gone, it
 * is a new session: with another serial, an empty dictionary, files of the same names where nobody else claims these by
 * now, and those of before where somebody does not. Returns 0, or errno, and nothing has changed. By the consumer,
 * while nobody defines anything or makes a ring. */
int afmon_session_renew(struct afmon_session *session, const char *path);

/* Puts name and packed fields into the dictionary and gives them a number, so that records can name them in four bytes.
 * The entry is in the file when this returns. Any thread. */
afmon_status afmon_session_define(struct afmon_session *session, const char *name, size_t name_length,
                                  const void *packed, size_t packed_length, uint32_t *number);

/* ---- for recovery ---- */

/* A session file of somebody else, read. */
struct afmon_session_record {
    uint64_t serial;
    bool alive;
    bool old; /* of afmon 0.1.0 */
    int64_t wall_offset_ns;
    char metrics_file[AFMON_FILE_NAME]; /* checked: plain names of the two forms above, or empty */
    char log_file[AFMON_FILE_NAME];
    struct afmon_file_identity metrics;
    struct afmon_file_identity log;
    unsigned char *dictionary; /* the bytes after the header; owned */
    size_t dictionary_length;
};

/* A held lock is life, unless its process is certainly gone: a child that it left behind may still hold it. fd: the
 * session file. */
bool afmon_session_is_alive(int fd, const struct afmon_session_header *header);

/* Reads a session file by its serial. 0, errno, EINVAL where it makes no sense, EBUSY where it does not and somebody
 * living holds it. */
int afmon_session_read(int private_folder, uint64_t serial, struct afmon_session_record *record);
void afmon_session_record_free(struct afmon_session_record *record);

/* Calls visit with the serial of each session file in the folder; 0 or errno. */
int afmon_session_list(int private_folder, int (*visit)(void *user, uint64_t serial), void *user);

/* Removes files whose makers were killed before they were complete, and nothing was in them: with a serial, rings of
 * that dead session; with 0, session files. The lock is held, so nobody is making a session. */
void afmon_session_remove_unborn(int private_folder, uint64_t serial);

/* Calls visit with the name of each ring of a session; 0 or errno. */
int afmon_session_list_rings(int private_folder, uint64_t serial, int (*visit)(void *user, const char *name),
                             void *user);

/* How many files there are that no recovery can read: those that one has set aside (*.damaged), and rings whose session
 * file is missing. The folder's lock is held. 0 or errno. */
int afmon_session_count_damaged(int private_folder, size_t *count);

/* The name of one of its files where another session has the plain one (or a name that a session had before); a serial
 * of 0: that one. */
void afmon_session_name_file(uint64_t serial, const char *plain, char out[AFMON_FILE_NAME]);
void afmon_session_file_name(uint64_t serial, char out[AFMON_FILE_NAME]);

/* The metrics file of a session that is not the first one in its folder. */
void afmon_metrics_file_name(uint64_t serial, char out[AFMON_FILE_NAME]);
void afmon_ring_file_name(uint64_t serial, uint32_t number, char out[AFMON_FILE_NAME]);

#endif
