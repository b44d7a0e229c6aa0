#include <dlfcn.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "lazy/fonts.h"
#include "lazy/table.h"

#if defined(AFMON_LIBRARIES_LINKED) || !defined(__ELF__)

afmon_status afmon_lazy_open(enum afmon_lazy_group group, afmon_error *error)
{
    (void)group;
    (void)error;
    return AFMON_OK;
}

#else

static const struct {
    const char *name;
    const char *what;
    const struct afmon_lazy_table *table;
} groups[AFMON_LAZY_GROUP_COUNT] = {
#define ROW(NAME, name, what) {#name, what, &afmon_lazy_table_##name},
    AFMON_LAZY_GROUPS(ROW)
#undef ROW
};

/* What is loaded belongs to the process, and so does what is known of it. */
static atomic_bool is_open[AFMON_LAZY_GROUP_COUNT];

/* The path of what is in the folder afmon/ beside the file that this code is in. false: it is too long. */
static bool companion_path(char path[PATH_MAX], const char *name, const char *end)
{
    Dl_info here;
    const char *slash = dladdr(is_open, &here) != 0 && here.dli_fname != NULL ? strrchr(here.dli_fname, '/') : NULL;
    int folder = slash == NULL ? 0 : (int)(slash + 1 - here.dli_fname);
    int length = snprintf(path, PATH_MAX, "%.*safmon/%s%s", folder, folder == 0 ? "" : here.dli_fname, name, end);
    return length >= 0 && length < PATH_MAX;
}

/* Not left to the dynamic linker's search: a sanitizer's dlopen() looks where the sanitizer is. */
static void *open_companion(const char *name)
{
    char path[PATH_MAX];
    return companion_path(path, name, ".so") ? dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) : NULL;
}

/* The fonts that a wheel or a tarball brings. */
static void add_fonts(void)
{
    char path[PATH_MAX];
    if (companion_path(path, "fonts", "") && access(path, R_OK | X_OK) == 0)
        afmon_lazy_add_fonts(path);
}

static afmon_status fail(enum afmon_lazy_group group, afmon_error *error)
{
    const char *why = dlerror();
    return afmon_fail(error, AFMON_E_SYSTEM, "%s: a library cannot be opened: %s", groups[group].what,
                      why != NULL ? why : groups[group].name);
}

/* Several threads may be here at once: they find and write the same, so no lock is held, which a fork could inherit. */
afmon_status afmon_lazy_open(enum afmon_lazy_group group, afmon_error *error)
{
    if (atomic_load_explicit(&is_open[group], memory_order_acquire))
        return AFMON_OK;
    void *library = open_companion(groups[group].name);
    if (library == NULL)
        return fail(group, error);
    const struct afmon_lazy_table *table = groups[group].table;
    for (size_t i = 0; i < table->count; i++) {
        void *function = dlsym(library, table->entries[i].function);
        if (function == NULL)
            return fail(group, error);
        __atomic_store_n(table->entries[i].place, function, __ATOMIC_RELAXED);
    }
    if (group == AFMON_LAZY_CHARTS)
        add_fonts();
    atomic_store_explicit(&is_open[group], true, memory_order_release);
    return AFMON_OK;
}

#endif
