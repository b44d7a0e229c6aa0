/* A session: one process's (and one monitor's) writing in a run folder.
 *
 * In the folder `.afmon` inside the run folder a session has a file SERIAL.session, which says who writes (process,
 * files) and holds the session's dictionary, and a file SERIAL-N.ring a recording thread. The session file is locked
 * (flock) as long as its process lives. All of them are gone after a clean close; what remains belongs to a process
 * that was killed, and the next one to open the folder recovers it (recover.h). Who creates, claims, recovers or
 * removes holds the lock (flock) of the run folder itself.
 *
 * File names of a session: the first one in a folder writes metrics.jsonl and afterimage.log, further ones (that live
 * at the same time) metrics-SERIAL.jsonl and afterimage-SERIAL.log. */
#ifndef AFMON_INGEST_SESSION_H
#define AFMON_INGEST_SESSION_H

#include <afmon/afmon.h>
#include <pthread.h>
#include <stdatomic.h>

#include "ingest/identity.h"

#define AFMON_SESSION_HEADER 4096
#define AFMON_SESSION_VERSION 1
#define AFMON_PRIVATE_FOLDER ".afmon"
#define AFMON_FILE_NAME 64 /* room for the name of a session's file, NUL included */

struct afmon_session_header {
    char magic[8]; /* "AFMONSES" */
    uint32_t version;
    uint32_t header_size;
    uint64_t serial;
    struct afmon_identity owner;
    _Atomic int64_t wall_offset_ns;     /* what makes wall time of a record's boot time; kept up to date */
    char metrics_file[AFMON_FILE_NAME]; /* names in the run folder; empty: this session writes none */
    char log_file[AFMON_FILE_NAME];
};
_Static_assert(sizeof(struct afmon_identity) == 64, "on-disk layout");
_Static_assert(sizeof(struct afmon_session_header) == 224, "on-disk layout");

struct afmon_session {
    int folder;                          /* the run folder */
    int private;                         /* .afmon in it */
    int fd;                              /* the session file, locked */
    struct afmon_session_header *header; /* mapped; not inherited over fork */
    uint64_t serial;
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

/* Opens a session in an existing run folder, after recovering what dead ones left. metrics, log: whether it will write
 * these files. *recovered is the number of records recovered. */
afmon_status afmon_session_open(struct afmon_session *session, const char *folder, bool metrics, bool log,
                                uint64_t *recovered, afmon_error *error);

/* Ends it: removes the session file where nothing is left behind (clean), closes. */
void afmon_session_close(struct afmon_session *session, bool clean);

/* In a forked child: lets go of what was inherited of the parent's session, without touching the parent's. */
void afmon_session_abandon(struct afmon_session *session);

/* Puts name and packed fields into the dictionary and gives them a number, so that records can name them in four bytes.
 * The entry is in the file when this returns. Any thread. */
afmon_status afmon_session_define(struct afmon_session *session, const char *name, size_t name_length,
                                  const void *packed, size_t packed_length, uint32_t *number);

/* ---- for recovery ---- */

/* A session file of somebody else, read. */
struct afmon_session_record {
    uint64_t serial;
    bool alive;
    int64_t wall_offset_ns;
    char metrics_file[AFMON_FILE_NAME]; /* checked: plain names of the two forms above, or empty */
    char log_file[AFMON_FILE_NAME];
    unsigned char *dictionary; /* the bytes after the header; owned */
    size_t dictionary_length;
};

/* Reads a session file by its serial. 0, errno, EINVAL where it makes no sense, EBUSY where it does not and somebody
 * living holds it. */
int afmon_session_read(int private_folder, uint64_t serial, struct afmon_session_record *record);
void afmon_session_record_free(struct afmon_session_record *record);

/* Calls visit with the serial of each session file in the folder; 0 or errno. */
int afmon_session_list(int private_folder, int (*visit)(void *user, uint64_t serial), void *user);

/* Removes session files whose makers were killed before they were complete. The folder's lock is held, so nobody is
 * making one. */
void afmon_session_remove_unborn(int private_folder);

/* Calls visit with the name of each ring of a session; 0 or errno. */
int afmon_session_list_rings(int private_folder, uint64_t serial, int (*visit)(void *user, const char *name),
                             void *user);

/* How many files there are that no recovery can read: those that one has set aside (*.damaged), and rings whose session
 * file is missing. The folder's lock is held. */
size_t afmon_session_count_damaged(int private_folder);

void afmon_session_file_name(uint64_t serial, char out[AFMON_FILE_NAME]);
void afmon_ring_file_name(uint64_t serial, uint32_t number, char out[AFMON_FILE_NAME]);

/* Opens the run folder, takes its lock, and opens the private folder in it. With create, that is made where it is not;
 * else *private_folder is -1 where there is none. Returns 0 or errno. Both are to be closed, whatever it returns, where
 * they are not -1. */
int afmon_private_open(const char *folder, bool create, int *folder_fd, int *private_folder);

/* Gives the lock back (closing the last descriptor does, too). */
void afmon_private_unlock(int folder_fd);

/* Removes the private folder where nothing is left in it. The lock is held. */
void afmon_private_remove_if_empty(int folder_fd);

#endif
