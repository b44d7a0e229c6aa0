#include "run/living.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "ingest/session.h"

struct looking {
    int private_folder;
    struct afmon_living *sessions;
};

static int look_at(void *user, uint64_t serial)
{
    const struct looking *looking = user;
    struct afmon_session_header header;
    char name[AFMON_FILE_NAME];
    afmon_session_file_name(serial, name);
    int fd = openat(looking->private_folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return 0; /* gone meanwhile */
    bool read = afmon_read_at(fd, &header, sizeof header, 0) == 0 && memcmp(header.magic, "AFMONSES", 8) == 0;
    header.owner.boot_id[sizeof header.owner.boot_id - 1] = '\0';
    bool alive = read && afmon_session_is_alive(fd, &header);
    close(fd);
    if (!read)
        return 0;
    if (!alive) {
        looking->sessions->dead++;
        looking->sessions->dead_serials += serial;
    } else if (looking->sessions->living++ < AFMON_LIVING_MAX)
        looking->sessions->serials[looking->sessions->living - 1] = serial;
    return 0;
}

void afmon_living_look(const char *folder, struct afmon_living *sessions)
{
    *sessions = (struct afmon_living){0};
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return;
    int private_folder = openat(folder_fd, AFMON_PRIVATE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    close(folder_fd);
    if (private_folder < 0)
        return;
    struct looking looking = {private_folder, sessions};
    (void)afmon_session_list(private_folder, look_at, &looking);
    close(private_folder);
}

bool afmon_living_may_live(const struct afmon_living *sessions, uint64_t serial)
{
    for (size_t i = 0; i < AFMON_LIVING_MAX && i < sessions->living; i++)
        if (sessions->serials[i] == serial)
            return true;
    return sessions->living > AFMON_LIVING_MAX;
}
