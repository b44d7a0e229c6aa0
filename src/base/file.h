/* Files and folders. Paths are plain C strings; every function names the path in its error. */
#ifndef AFMON_BASE_FILE_H
#define AFMON_BASE_FILE_H

#include <afmon/afmon.h>
#include <sys/types.h>

#include "base/buffer.h"

/* Joins folder and name with a slash in fresh memory (free() it); NULL where memory is short. */
char *afmon_path_join(const char *folder, const char *name);

/* The path from the root on, in fresh memory, whether or not anything is there; as it is where the current folder is
 * gone. NULL where memory is short. */
char *afmon_path_absolute(const char *path);

/* Creates a folder and its parents (mode 0777 less umask). One that exists is fine; a file in its place is an error. */
afmon_status afmon_make_folders(const char *path, afmon_error *error);

/* Gives a descriptor that was just opened a number above 2, where it got one of 0 to 2 because the program has closed
 * its standard files: what the program prints would go into it. Returns it, or -1 and errno, and then it is closed. A
 * negative one comes back as it is. */
int afmon_fd_above_standard(int fd);

/* Which file a descriptor is of. All zeros: not known. */
struct afmon_file_identity {
    uint64_t device;
    uint64_t inode;
};
struct stat;

/* When a file was last written, in nanoseconds since the epoch. */
int64_t afmon_file_written_ns(const struct stat *status);

/* 0 or errno, and then all zeros. A negative descriptor is EBADF, and leaves errno as it is. */
int afmon_file_identify(int fd, struct afmon_file_identity *identity);
bool afmon_file_is(const struct stat *status, const struct afmon_file_identity *identity);

/* Whether a descriptor is still open, and of that file: something else in the program may have closed it, and its
 * number may have been given out again. */
bool afmon_fd_is(int fd, const struct afmon_file_identity *identity);

/* Closes a descriptor where it is of that file (or where that is not known), and makes it -1. */
void afmon_close_own(int *fd, const struct afmon_file_identity *identity);

/* Writes all of data, going on after short writes and EINTR. Returns 0 or errno; *written (may be NULL) is how many
 * bytes landed. */
int afmon_write_all(int fd, const void *data, size_t length, size_t *written);

/* Writes all of data at offset, in the same way; 0 or errno. */
int afmon_write_at(int fd, const void *data, size_t length, off_t offset);

/* Adds a whole file to a buffer, which has data then, even of an empty file. Of a longer one than `most` bytes it has
 * one more than that, and is to be refused by who called. */
afmon_status afmon_file_text(const char *path, size_t most, struct afmon_buffer *text, afmon_error *error);

/* Reads exactly length bytes at offset; 0, errno, or EIO where the file is shorter. */
int afmon_read_at(int fd, void *data, size_t length, off_t offset);

#endif
