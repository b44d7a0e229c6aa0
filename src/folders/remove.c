/* Removing a run: what monitors, readers and charts have made of it, and nothing else. */
#include <afmon/afmon.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"
#include "ingest/private.h"
#include "run/living.h"
#include "run/look.h"

struct removal {
    const char *folder;
    uint64_t bytes;
    size_t left;
    int failure; /* errno of the first file that could not be removed */
};

typedef bool (*is_ours_fn)(const char *name);

static bool begins(const char *name, const char *begin)
{
    return strncmp(name, begin, strlen(begin)) == 0;
}

static bool ends(const char *name, const char *end)
{
    size_t length = strlen(name);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

/* STEM + EXTENSION, or STEM and a '-' or `apart`, then anything, then EXTENSION. */
static bool is_kind(const char *name, const char *stem, char apart, const char *extension)
{
    size_t length = strlen(stem);
    if (!begins(name, stem) || !ends(name, extension) || strlen(name) < length + strlen(extension))
        return false;
    return strcmp(name + length, extension) == 0 || name[length] == apart;
}

/* metrics_YYYYmmdd_HHMMSS.json, and _2, _3 ... of the same second. */
static bool is_saved_metrics(const char *name)
{
    return begins(name, "metrics_") && ends(name, ".json") &&
           strlen(name) >= sizeof "metrics_YYYYmmdd_HHMMSS.json" - 1 &&
           strspn(name + 8, "0123456789_") == strlen(name) - 8 - 5;
}

static bool is_run_file(const char *name)
{
    return is_kind(name, "metrics", '-', ".jsonl") || is_kind(name, "afterimage", '-', ".log") ||
           is_kind(name, "prices", '-', ".json") || is_saved_metrics(name) || strcmp(name, "ledger") == 0;
}

static bool is_private_file(const char *name)
{
    return strcmp(name, "lock") == 0 || ends(name, ".session") || ends(name, ".ring") || ends(name, ".new") ||
           ends(name, ".damaged");
}

static bool is_chart(const char *name)
{
    return ends(name, ".png") || ends(name, ".svg") || ends(name, ".pdf");
}

static bool is_chart_file(const char *name)
{
    if (!is_chart(name))
        return false;
    for (size_t i = 0; i < AFMON_CHARTS; i++) {
        const char *chart = afmon_chart_name((afmon_chart)i);
        if (begins(name, chart) && strlen(name) == strlen(chart) + 4)
            return true;
    }
    return begins(name, "metric_");
}

static void remove_file(struct removal *removal, int folder, const char *name, is_ours_fn is_ours)
{
    struct stat facts;
    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (!S_ISREG(facts.st_mode) || !is_ours(name))
        removal->left++;
    else if (unlinkat(folder, name, 0) == 0)
        removal->bytes += (uint64_t)facts.st_size;
    else if (removal->failure == 0)
        removal->failure = errno;
}

/* skipped: entries that are looked at on their own; NULL: there are none. */
static void remove_files(struct removal *removal, int folder, is_ours_fn is_ours, const char *const *skipped)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (entries == NULL) {
        removal->failure = removal->failure != 0 ? removal->failure : errno;
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        bool passed = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        for (size_t i = 0; skipped != NULL && skipped[i] != NULL; i++)
            passed |= strcmp(entry->d_name, skipped[i]) == 0;
        if (!passed)
            remove_file(removal, folder, entry->d_name, is_ours);
    }
    closedir(entries);
}

static void remove_charts(struct removal *removal, int run)
{
    struct stat facts;
    if (fstatat(run, "plots", &facts, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    int plots = openat(run, "plots", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (plots < 0) {
        removal->left++;
        return;
    }
    remove_files(removal, plots, is_chart_file, NULL);
    close(plots);
    if (unlinkat(run, "plots", AT_REMOVEDIR) != 0 && errno != ENOTEMPTY && errno != EEXIST && removal->failure == 0)
        removal->failure = errno;
}

/* The lock is held: nobody begins a session meanwhile, and none lives. Who waits for the lock finds the folder gone. */
static void remove_all(struct removal *removal, struct afmon_private *private)
{
    static const char *const apart[] = {AFMON_PRIVATE_FOLDER, "plots", NULL};
    static const char *const lock[] = {"lock", NULL};
    remove_charts(removal, private->run);
    remove_files(removal, private->run, is_run_file, apart);
    remove_files(removal, private->folder, is_private_file, lock);
    afmon_private_remove_if_empty(private);
    if (removal->failure == 0 && removal->left == 0 && rmdir(removal->folder) != 0)
        removal->failure = errno;
}

static afmon_status refuse_living(const char *folder, afmon_error *error)
{
    struct afmon_living sessions;
    struct afmon_look look;
    afmon_look_at_folder(folder, &look);
    if (look.files == 0 && !look.samples && look.living == 0)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%s holds no run", folder);
    afmon_living_look(folder, &sessions);
    if (sessions.living == 0)
        return AFMON_OK;
    return afmon_fail(error, AFMON_E_BUSY, "%s: a process writes into this run; nothing was removed", folder);
}

static afmon_status remove_locked(struct removal *removal, struct afmon_private *private, afmon_error *error)
{
    afmon_status status = refuse_living(removal->folder, error);
    if (status != AFMON_OK) {
        afmon_private_remove_if_empty(private);
        return status;
    }
    remove_all(removal, private);
    return removal->failure == 0 ? AFMON_OK
                                 : afmon_fail_os(error, removal->failure, "cannot remove all of %s", removal->folder);
}

afmon_status afmon_run_remove(const char *folder, uint64_t *bytes, size_t *left, afmon_error *error)
{
    struct removal removal = {.folder = folder};
    struct afmon_private private;
    if (folder == NULL || *folder == '\0')
        return afmon_fail(error, AFMON_E_ARGUMENT, "give the run folder to remove");
    afmon_status status = refuse_living(folder, error); /* before a lock is made in a folder that is no run's */
    if (status != AFMON_OK)
        return status;
    int failure = afmon_private_open(&private, folder, true);
    status = failure != 0 ? afmon_fail_os(error, failure, "cannot remove %s", folder)
             : private.lockless
                 ? afmon_fail(error, AFMON_E_SYSTEM,
                              "%s: this file system has no locks, so whether it lives is not known", folder)
                 : remove_locked(&removal, &private, error);
    afmon_private_close(&private);
    if (bytes != NULL)
        *bytes = removal.bytes;
    if (left != NULL)
        *left = removal.left;
    return status;
}
