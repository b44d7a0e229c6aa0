/* Which runs there are. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"
#include "serve/serve.h"

static bool is_there(const char *folder, const char *name)
{
    struct stat facts;
    char *path = afmon_path_join(folder, name);
    bool there = path != NULL && stat(path, &facts) == 0;
    free(path);
    return there;
}

static bool is_run(const char *folder)
{
    return is_there(folder, "metrics.jsonl") || is_there(folder, "afterimage.log") || is_there(folder, ".afmon");
}

static void free_run(struct afmon_served_run *run)
{
    free(run->folder);
    free(run->name);
    free(run);
}

static struct afmon_served_run *make_run(const char *path, const char *id)
{
    struct afmon_served_run *run = calloc(1, sizeof *run);
    const char *slash = strrchr(path, '/');
    if (run == NULL)
        return NULL;
    run->folder = strdup(path);
    run->name = strdup(slash != NULL && slash[1] != '\0' ? slash + 1 : path);
    if (run->folder == NULL || run->name == NULL) {
        free_run(run);
        return NULL;
    }
    memcpy(run->id, id, AFMON_RUN_ID_SIZE);
    run->head = (struct afmon_picture_head){.id = run->id, .name = run->name, .folder = run->folder};
    return run;
}

/* False where it is known already, or cannot be taken now. */
static bool add_run(struct afmon_server *server, const char *folder)
{
    char path[PATH_MAX];
    char id[AFMON_RUN_ID_SIZE];
    if (realpath(folder, path) == NULL)
        return false;
    snprintf(id, sizeof id, "%016llx", (unsigned long long)afmon_hash(0, path, strlen(path)));
    if (afmon_serve_run(server, id) != NULL || server->run_count == AFMON_SERVE_RUNS_MAX)
        return false;
    struct afmon_served_run *run = make_run(path, id);
    if (run == NULL)
        return false;
    pthread_mutex_lock(&server->lock);
    server->runs[server->run_count++] = run;
    pthread_mutex_unlock(&server->lock);
    return true;
}

/* The runs one level below. */
static bool find_below(struct afmon_server *server, const char *folder)
{
    bool found = false;
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return false;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        char *path = entry->d_name[0] != '.' ? afmon_path_join(folder, entry->d_name) : NULL;
        if (path != NULL && is_run(path))
            found |= add_run(server, path);
        free(path);
    }
    closedir(listing);
    return found;
}

bool afmon_serve_find(struct afmon_server *server)
{
    bool found = false;
    for (size_t i = 0; i < server->folder_count; i++) {
        if (is_run(server->folders[i]))
            found |= add_run(server, server->folders[i]);
        else
            found |= find_below(server, server->folders[i]);
    }
    return found;
}

struct afmon_served_run *afmon_serve_run(struct afmon_server *server, const char *id)
{
    struct afmon_served_run *found = NULL;
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->run_count && found == NULL; i++)
        if (strcmp(server->runs[i]->id, id) == 0)
            found = server->runs[i];
    pthread_mutex_unlock(&server->lock);
    return found;
}
