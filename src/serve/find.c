/* Which runs there are. */
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
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
    run->facts = (struct afmon_run_facts_shown){.state = "waiting", .success_rate = (double)NAN};
    return run;
}

/* Nothing where it is known already, or cannot be taken now. */
static void add_run(struct afmon_server *server, const char *folder)
{
    char path[PATH_MAX];
    char id[AFMON_RUN_ID_SIZE];
    if (realpath(folder, path) == NULL)
        return;
    snprintf(id, sizeof id, "%016llx", (unsigned long long)afmon_hash(0, path, strlen(path)));
    if (afmon_serve_run(server, id) != NULL)
        return;
    server->left_out += server->run_count == AFMON_SERVE_RUNS_MAX;
    struct afmon_served_run *run = server->run_count < AFMON_SERVE_RUNS_MAX ? make_run(path, id) : NULL;
    if (run == NULL)
        return;
    pthread_mutex_lock(&server->lock);
    server->runs[server->run_count++] = run;
    pthread_mutex_unlock(&server->lock);
}

static bool is_folder(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

/* The runs one level below. True: there are folders that may become runs. */
static bool find_below(struct afmon_server *server, const char *folder)
{
    bool may_be = false;
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return true;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        char *path = entry->d_name[0] != '.' ? afmon_path_join(folder, entry->d_name) : NULL;
        if (path != NULL && is_run(path))
            add_run(server, path);
        else if (path != NULL)
            may_be |= is_folder(path);
        free(path);
    }
    closedir(listing);
    return may_be;
}

/* A folder whose time has not changed since it was searched has no new entries; that of a moment ago may yet get some
 * with the same time. */
static bool is_unchanged(struct afmon_served_folder *folder)
{
    struct stat facts;
    if (stat(folder->path, &facts) != 0)
        return true;
    int64_t modified_ns = (int64_t)facts.st_mtim.tv_sec * AFMON_NS_PER_S + facts.st_mtim.tv_nsec;
    bool unchanged = modified_ns == folder->modified_ns && !folder->search_again;
    folder->modified_ns = modified_ns;
    folder->search_again = afmon_wall_ns() - modified_ns < 2 * AFMON_NS_PER_S;
    return unchanged;
}

void afmon_serve_find(struct afmon_server *server)
{
    server->left_out = 0;
    for (size_t i = 0; i < server->folder_count; i++) {
        struct afmon_served_folder *folder = &server->folders[i];
        if (is_run(folder->path))
            add_run(server, folder->path);
        else if (!is_unchanged(folder))
            folder->search_again |= find_below(server, folder->path);
    }
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
