/* Which runs there are. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "run/folder.h"
#include "serve/serve.h"

struct search {
    struct afmon_server *server;
    struct afmon_found *found; /* that are not on the list */
    size_t count;
    size_t room;
};

/* Of files of other names: of forked processes, and of those before. */
static int64_t time_of_others(const char *folder, const char *stem, const char *extension)
{
    struct afmon_run_listing files;
    int64_t latest_ns = -1;
    struct stat facts;
    if (afmon_run_list(folder, stem, extension, &files, NULL) != AFMON_OK)
        return -1;
    for (size_t i = 0; i < files.count; i++)
        if (stat(files.files[i].path, &facts) == 0 && afmon_file_written_ns(&facts) > latest_ns)
            latest_ns = afmon_file_written_ns(&facts);
    afmon_run_listing_free(&files);
    return latest_ns;
}

int64_t afmon_serve_run_time(const char *folder)
{
    static const char *const names[] = {"metrics.jsonl", "afterimage.log", ".afmon"};
    int64_t latest_ns = -1;
    struct stat facts;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = afmon_path_join(folder, names[i]);
        if (path != NULL && stat(path, &facts) == 0 && afmon_file_written_ns(&facts) > latest_ns)
            latest_ns = afmon_file_written_ns(&facts);
        free(path);
    }
    if (latest_ns < 0) /* seldom: whatever recorded the run made one of those */
        latest_ns = time_of_others(folder, "metrics", "jsonl");
    if (latest_ns < 0)
        latest_ns = time_of_others(folder, "afterimage", "log");
    return latest_ns;
}

static bool make_room(struct search *search)
{
    if (search->count < search->room)
        return true;
    size_t room = search->room == 0 ? 64 : search->room * 2;
    struct afmon_found *more = reallocarray(search->found, room, sizeof *more);
    if (more == NULL)
        return false;
    search->found = more;
    search->room = room;
    return true;
}

/* Nothing where it is known already. False: there is no memory for it now. */
static bool note_run(struct search *search, const char *folder, int64_t modified_ns, size_t from)
{
    struct afmon_found found = {.modified_ns = modified_ns, .from = from};
    char path[PATH_MAX];
    if (realpath(folder, path) == NULL)
        return true;
    snprintf(found.id, sizeof found.id, "%016llx", (unsigned long long)afmon_hash(0, path, strlen(path)));
    if (afmon_serve_run(search->server, found.id) != NULL)
        return true;
    if (!make_room(search) || (found.folder = strdup(path)) == NULL)
        return false;
    search->found[search->count++] = found;
    return true;
}

static bool is_folder(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

/* The runs one level below. True: it is to be searched again, for there are folders that may become runs. */
static bool find_below(struct search *search, const char *folder, size_t from)
{
    bool again = false;
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return true;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        char *path = entry->d_name[0] != '.' ? afmon_path_join(folder, entry->d_name) : NULL;
        int64_t modified_ns = path != NULL ? afmon_serve_run_time(path) : -1;
        if (modified_ns >= 0)
            again |= !note_run(search, path, modified_ns, from);
        else if (path != NULL)
            again |= is_folder(path);
        free(path);
    }
    closedir(listing);
    return again;
}

/* A folder whose time has not changed since it was searched has no new entries; that of a moment ago may yet get some
 * with the same time. */
static bool is_unchanged(struct afmon_served_folder *folder)
{
    struct stat facts;
    bool there = stat(folder->path, &facts) == 0;
    int64_t modified_ns = there ? afmon_file_written_ns(&facts) : -1;
    bool unchanged = modified_ns == folder->modified_ns && !(there && folder->search_again);
    folder->modified_ns = modified_ns;
    folder->search_again = there && afmon_wall_ns() - modified_ns < 2 * AFMON_NS_PER_S;
    return unchanged;
}

/* Where one folder has changed, runs of another one may have a place now. */
static void search_changed(struct search *search)
{
    struct afmon_served_folder *folders = search->server->folders;
    bool changed = false;
    for (size_t i = 0; i < search->server->folder_count; i++) {
        int64_t modified_ns = afmon_serve_run_time(folders[i].path);
        if (modified_ns >= 0) {
            folders[i].left_out = 0;
            (void)note_run(search, folders[i].path, modified_ns, i);
        }
        folders[i].changed = modified_ns < 0 && !is_unchanged(&folders[i]);
        changed |= folders[i].changed;
    }
    for (size_t i = 0; i < search->server->folder_count; i++) {
        if (!folders[i].changed && !(changed && folders[i].left_out > 0))
            continue;
        folders[i].left_out = 0;
        folders[i].search_again |= find_below(search, folders[i].path, i);
    }
}

void afmon_serve_find(struct afmon_server *server)
{
    struct search search = {.server = server};
    search_changed(&search);
    afmon_serve_place(server, search.found, search.count);
    for (size_t i = 0; i < search.count; i++)
        free(search.found[i].folder);
    free(search.found);
    server->left_out = 0;
    for (size_t i = 0; i < server->folder_count; i++)
        server->left_out += server->folders[i].left_out;
}
