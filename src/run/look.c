#include "run/look.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "run/folder.h"
#include "run/living.h"

static bool begins_with(const char *name, const char *begin)
{
    return strncmp(name, begin, strlen(begin)) == 0;
}

/* A name that is as one of a run's files, which is what readers would take. */
static void refuse(const char *name, mode_t mode, struct afmon_look *look)
{
    bool is_one = strcmp(name, "metrics.jsonl") == 0 || strcmp(name, "afterimage.log") == 0 ||
                  begins_with(name, "metrics-") || begins_with(name, "afterimage-");
    if (is_one)
        snprintf(look->refused, sizeof look->refused, "%.60s is %s, which is not read", name,
                 afmon_run_file_kind(mode));
}

static void consider(int folder, const char *name, struct afmon_look *look)
{
    struct stat facts;
    bool metrics = begins_with(name, "metrics");
    if ((!metrics && !begins_with(name, "afterimage")) || fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (!S_ISREG(facts.st_mode)) {
        refuse(name, facts.st_mode, look);
        return;
    }
    look->files++;
    look->bytes += (uint64_t)facts.st_size;
    look->samples |= metrics && facts.st_size > 0;
    if (afmon_file_written_ns(&facts) > look->modified_ns)
        look->modified_ns = afmon_file_written_ns(&facts);
}

void afmon_look_at_folder(const char *folder, struct afmon_look *look)
{
    struct afmon_living sessions;
    struct stat facts;
    *look = (struct afmon_look){0};
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    look->there = fd >= 0 || stat(folder, &facts) == 0;
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
    if (listing == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;)
        consider(fd, entry->d_name, look);
    if (look->files == 0 && fstat(fd, &facts) == 0)
        look->modified_ns = afmon_file_written_ns(&facts);
    closedir(listing);
    afmon_living_look(folder, &sessions);
    look->living = sessions.living;
    look->samples |= sessions.dead > 0; /* that are in no file yet */
}
