#include "run/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"

struct listing {
    const char *folder;
    const char *stem;
    const char *extension; /* with its point */
    struct afmon_run_listing *files;
    afmon_error *error;
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_main_file(const struct listing *listing, const char *name)
{
    size_t stem = strlen(listing->stem);
    return strncmp(name, listing->stem, stem) == 0 && strcmp(name + stem, listing->extension) == 0;
}

static bool is_of_kind(const struct listing *listing, const char *name)
{
    size_t stem = strlen(listing->stem);
    if (is_main_file(listing, name))
        return true;
    return strncmp(name, listing->stem, stem) == 0 && name[stem] == '-' && ends_with(name + stem, listing->extension);
}

/* A file name as a text that cannot confuse a terminal or a log: as in JSON, without the quotes. */
static char *make_label(const char *name)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, SIZE_MAX / 2);
    afmon_buffer_add_json_string(&text, name, strlen(name));
    char *label = text.failed ? NULL : strndup(text.data + 1, text.length - 2);
    afmon_buffer_free(&text);
    return label;
}

static void free_file(struct afmon_run_file *file)
{
    free(file->path);
    free(file->label);
}

void afmon_run_listing_free(struct afmon_run_listing *files)
{
    for (size_t i = 0; i < files->count; i++)
        free_file(&files->files[i]);
    free(files->files);
    *files = (struct afmon_run_listing){0};
}

static afmon_status append(struct listing *listing, struct afmon_run_file file)
{
    struct afmon_run_listing *files = listing->files;
    struct afmon_run_file *more = NULL;
    if (file.path != NULL && file.label != NULL)
        more = realloc(files->files, (files->count + 1) * sizeof *more);
    if (more == NULL) {
        free_file(&file);
        return afmon_fail_memory(listing->error);
    }
    files->files = more;
    files->files[files->count++] = file;
    files->bytes += file.size;
    return AFMON_OK;
}

const char *afmon_run_file_kind(mode_t mode)
{
    return S_ISLNK(mode)    ? "a symbolic link"
           : S_ISDIR(mode)  ? "a folder"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

static afmon_status refuse(struct listing *listing, const char *name, mode_t mode)
{
    char *label = make_label(name);
    if (label == NULL)
        return afmon_fail_memory(listing->error);
    if (listing->files->refused++ == 0)
        snprintf(listing->files->why, sizeof listing->files->why, "%.60s is %s, which is not read", label,
                 afmon_run_file_kind(mode));
    free(label);
    return AFMON_OK;
}

static afmon_status consider(struct listing *listing, int folder_fd, const char *name)
{
    struct stat status;
    if (!is_of_kind(listing, name))
        return AFMON_OK;
    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? AFMON_OK
                               : afmon_fail_os(listing->error, errno, "cannot look at %s/%s", listing->folder, name);
    }
    if (!S_ISREG(status.st_mode))
        return refuse(listing, name, status.st_mode);
    struct afmon_run_file file = {
        .path = afmon_path_join(listing->folder, name), .label = make_label(name), .size = (uint64_t)status.st_size};
    return append(listing, file);
}

static afmon_status consider_all(struct listing *listing, DIR *folder)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL)
            return errno == 0 ? AFMON_OK : afmon_fail_os(listing->error, errno, "cannot read %s", listing->folder);
        afmon_status status = consider(listing, dirfd(folder), entry->d_name);
        if (status != AFMON_OK)
            return status;
    }
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct afmon_run_file *)left)->path, ((const struct afmon_run_file *)right)->path);
}

/* The main file comes first: '-' sorts before '.', so it stands last among its kind. */
static void sort(struct afmon_run_listing *files, const struct listing *listing)
{
    qsort(files->files, files->count, sizeof *files->files, compare_names);
    size_t main_file = 0;
    while (main_file < files->count && !is_main_file(listing, strrchr(files->files[main_file].path, '/') + 1))
        main_file++;
    if (main_file == 0 || main_file == files->count)
        return;
    struct afmon_run_file first = files->files[main_file];
    memmove(files->files + 1, files->files, main_file * sizeof *files->files);
    files->files[0] = first;
}

afmon_status afmon_run_list(const char *folder, const char *stem, const char *extension,
                            struct afmon_run_listing *files, afmon_error *error)
{
    struct listing listing = {folder, stem, extension, files, error};
    *files = (struct afmon_run_listing){0};
    DIR *opened = opendir(folder);
    if (opened == NULL && errno == ENOTDIR)
        return afmon_fail_os(error, ENOTDIR, "%s is not a run folder", folder);
    if (opened == NULL)
        return afmon_fail_os(error, errno, "cannot open the run folder %s", folder);
    afmon_status status = consider_all(&listing, opened);
    closedir(opened);
    if (status != AFMON_OK)
        afmon_run_listing_free(files);
    else if (files->count > 1)
        sort(files, &listing);
    return status;
}

afmon_status afmon_run_list_add(const char *folder, const char *stem, const char *extension, const char *name,
                                struct afmon_run_listing *files, afmon_error *error)
{
    struct listing listing = {folder, stem, extension, files, error};
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(strrchr(files->files[i].path, '/') + 1, name) == 0)
            return AFMON_OK;
    struct afmon_run_file file = {.path = afmon_path_join(folder, name), .label = make_label(name)};
    afmon_status status = append(&listing, file);
    if (status == AFMON_OK)
        sort(files, &listing);
    return status;
}
