#include "monitor/family.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "live/tail.h"
#include "monitor/metering.h"
#include "run/loader.h"

#define PAGE_BYTES ((size_t)64 << 10)
#define CHILDREN_MAX ((PAGE_BYTES - 8) / 8)
#define READ_NS INT64_C(100000000)         /* a file that grows is read so often */
#define READ_SELDOM_NS INT64_C(1600000000) /* one that does not grow, at last */
#define ROUND_BYTES (INT64_C(512) << 10)   /* of a round that nobody waits for */
#define WAITED_BYTES (INT64_C(64) << 20)   /* of one that somebody waits for */
#define BUFFER_LIMIT ((size_t)64 << 20)

struct afmon_family_page {
    _Atomic uint32_t children; /* that came to write down their serial */
    _Atomic uint32_t left_out;
    _Atomic uint64_t serials[CHILDREN_MAX];
};
_Static_assert(sizeof(struct afmon_family_page) <= PAGE_BYTES, "it is mapped as a whole");

struct member {
    struct afmon_tail tail;
    struct afmon_meter_call *call; /* NULL: its samples are not counted by meters */
    int64_t due_ns;                /* boot time */
    int64_t pause_ns;
};

struct afmon_family {
    struct afmon_core *core;
    struct afmon_store *store;
    struct afmon_loader *loader;
    struct afmon_buffer buffer;
    struct member **members; /* the first one is this process */
    size_t count;
    size_t next;      /* who is read next */
    uint64_t changes; /* of the file of this process, that were followed */
    struct member *reading;
};

/* ---- the page ---- */

int afmon_family_map(struct afmon_family_page **page)
{
    void *mapped = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *page = mapped == MAP_FAILED ? NULL : mapped;
    return mapped == MAP_FAILED ? errno : 0;
}

void afmon_family_unmap(struct afmon_family_page *page)
{
    if (page != NULL)
        munmap(page, PAGE_BYTES);
}

/* Where the serial can be written down: a child without a file of its own has none. */
static _Atomic uint64_t *place_in(struct afmon_family_page *page, const struct afmon_core *core)
{
    char name[AFMON_FILE_NAME];
    afmon_metrics_file_name(core->session.serial, name);
    if (!core->has_session || strcmp(core->session.metrics_file, name) != 0)
        return NULL;
    uint32_t place = atomic_load_explicit(&page->children, memory_order_relaxed);
    while (place < CHILDREN_MAX && !atomic_compare_exchange_weak_explicit(&page->children, &place, place + 1,
                                                                          memory_order_relaxed, memory_order_relaxed))
        ;
    return place < CHILDREN_MAX ? &page->serials[place] : NULL;
}

void afmon_family_join(struct afmon_core *core)
{
    struct afmon_family_page *page = core->monitor->family_page;
    _Atomic uint64_t *place = place_in(page, core);
    if (place != NULL)
        atomic_store_explicit(place, core->session.serial, memory_order_release);
    else
        atomic_fetch_add_explicit(&page->left_out, 1, memory_order_relaxed);
}

void afmon_family_count(const struct afmon_core *core, uint64_t *counted, uint64_t *left_out)
{
    const struct afmon_family_page *page = core->monitor->family_page;
    *counted = 1 + (core->is_child ? 0 : atomic_load_explicit(&page->children, memory_order_relaxed));
    *left_out = core->is_child ? 0 : atomic_load_explicit(&page->left_out, memory_order_relaxed);
}

/* ---- members ---- */

static void free_member(struct member *member)
{
    if (member == NULL)
        return;
    free(member->tail.path);
    free(member->call);
    free(member);
}

static struct member *new_member(const struct afmon_family *family, const char *file)
{
    struct member *member = calloc(1, sizeof *member);
    if (member == NULL)
        return NULL;
    member->pause_ns = READ_NS;
    member->tail.path = afmon_path_join(family->core->monitor->log_dir, file);
    bool own = family->count == 0; /* the meters have its samples from its rings */
    bool counts = !own && family->core->meters != NULL;
    member->call = counts ? afmon_meter_call_new() : NULL;
    if (member->tail.path != NULL && (member->call != NULL || !counts))
        return member;
    free_member(member);
    return NULL;
}

static bool add_member(struct afmon_family *family, struct member *member)
{
    struct member **members = realloc(family->members, (family->count + 1) * sizeof *members);
    if (members == NULL || member == NULL) {
        family->members = members != NULL ? members : family->members;
        free_member(member);
        return false;
    }
    family->members = members;
    family->members[family->count++] = member;
    return true;
}

/* This process: from where its core began to write. */
static bool add_self(struct afmon_family *family)
{
    struct stat status;
    const struct afmon_core *core = family->core;
    struct member *self = new_member(family, core->session.metrics_file);
    if (self != NULL && fstat(core->files.metrics, &status) == 0) {
        self->tail.begun = true;
        self->tail.inode = (uint64_t)status.st_ino;
        self->tail.end = core->metrics_place.begin;
    }
    return add_member(family, self);
}

/* Its file is another one where others took that away or cut it off (files.c): read from where this process goes on.
 * What it had written and was not read yet is left out. Without memory for it, the next round tries again. */
static void follow_self(struct afmon_family *family)
{
    struct stat status;
    struct afmon_tail *tail = &family->members[0]->tail;
    const struct afmon_file_place *place = &family->core->metrics_place; /* which this thread alone changes */
    char *path = place->changes == family->changes ? NULL : strdup(place->path);
    if (path == NULL)
        return;
    free(tail->path);
    bool known = fstat(family->core->files.metrics, &status) == 0;
    *tail = (struct afmon_tail){
        .path = path, .begun = known, .inode = known ? (uint64_t)status.st_ino : 0, .end = place->from};
    family->changes = place->changes;
}

/* Those whose serials have come to stand in the page. */
static void meet_children(struct afmon_family *family)
{
    struct afmon_family_page *page = family->core->monitor->family_page;
    uint32_t children = atomic_load_explicit(&page->children, memory_order_relaxed);
    while (family->count - 1 < children) {
        uint64_t serial = atomic_load_explicit(&page->serials[family->count - 1], memory_order_acquire);
        char file[AFMON_FILE_NAME];
        afmon_metrics_file_name(serial, file);
        if (serial == 0 || !add_member(family, new_member(family, file)))
            return; /* next time */
    }
}

static void free_family(struct afmon_family *family)
{
    for (size_t i = 0; i < family->count; i++)
        free_member(family->members[i]);
    free(family->members);
    afmon_buffer_free(&family->buffer);
    afmon_loader_free(family->loader);
    if (family->store != NULL)
        afmon_store_release(family->store);
    free(family);
}

/* The first child has come. NULL: no memory, and the next round tries again. */
static struct afmon_family *new_family(struct afmon_core *core)
{
    struct afmon_family *family = calloc(1, sizeof *family);
    if (family == NULL)
        return NULL;
    family->core = core;
    family->changes = core->metrics_place.changes;
    afmon_buffer_init(&family->buffer, BUFFER_LIMIT);
    family->store = afmon_store_new(core->monitor->options.max_memory);
    family->loader = family->store == NULL ? NULL : afmon_loader_new(family->store);
    if (family->loader == NULL || !add_self(family)) {
        free_family(family);
        return NULL;
    }
    return family;
}

void afmon_family_free(struct afmon_core *core)
{
    if (core->family != NULL)
        free_family(core->family);
    core->family = NULL;
}

/* ---- reading ---- */

static afmon_status take_line(void *user, const char *line, size_t length, bool older)
{
    (void)older;
    struct afmon_family *family = user;
    const struct afmon_store_sample *sample;
    if (line == NULL)
        return AFMON_OK;
    afmon_status status = afmon_load_line(family->loader, line, length, &sample);
    if (status == AFMON_OK && family->reading->call != NULL)
        afmon_metering_add_of(family->core, family->reading->call, sample);
    return status == AFMON_E_FORMAT ? AFMON_OK : status;
}

/* What was read is not there any more (sed -i, rm, logrotate). Another file with the same text where that ended is a
 * copy of it, and read on: the next look finds out. All else is read from its begin. */
static void begin_anew(struct afmon_tail *tail, bool is_other_file)
{
    if (!is_other_file || tail->size < tail->end || tail->check_length == 0) {
        tail->end = 0;
        tail->check_length = 0;
    }
    tail->skipping = false;
}

/* The same of this process: where its file is another one or was cut off, it finds that out itself (follow_self). */
static void wait_for_self(struct afmon_tail *tail, uint64_t inode)
{
    if (tail->inode == inode && tail->size >= tail->end)
        tail->check_length = 0;
    tail->inode = inode;
}

static bool has_grown(const struct afmon_tail *tail)
{
    struct stat status;
    return stat(tail->path, &status) == 0 &&
           ((int64_t)status.st_size != tail->end || (uint64_t)status.st_ino != tail->inode);
}

static void plan_next(struct member *member, bool grown, int64_t now)
{
    int64_t longer = member->pause_ns * 2;
    member->pause_ns = grown ? READ_NS : longer < READ_SELDOM_NS ? longer : READ_SELDOM_NS;
    member->due_ns = now + member->pause_ns;
}

/* Reads a piece of one file; *more: there is more to be read at once. Returns how many bytes that were. */
static int64_t read_piece(struct afmon_family *family, struct member *member, bool *more)
{
    const struct afmon_tail_lines lines = {.line = take_line, .user = family};
    int64_t before = member->tail.end;
    uint64_t inode = member->tail.inode;
    *more = false;
    if (!has_grown(&member->tail)) {
        if (member->call != NULL)
            afmon_meters_settle_call(family->core->meters, member->call);
        return 0;
    }
    family->reading = member;
    afmon_status status = afmon_tail_forward(&member->tail, &family->buffer, true, &lines, more, NULL);
    if (status == AFMON_E_CANCELLED) {
        *more = member != family->members[0];
        if (*more)
            begin_anew(&member->tail, member->tail.inode != inode);
        else
            wait_for_self(&member->tail, inode);
    }
    return member->tail.end > before ? member->tail.end - before : 0;
}

/* Reads those whose time has come, one after the other, within the bytes of a round. */
static int64_t read_all(struct afmon_family *family, bool to_the_end)
{
    int64_t now = afmon_boot_ns();
    int64_t allowed = to_the_end ? WAITED_BYTES : ROUND_BYTES;
    int64_t all = 0;
    for (size_t i = 0; i < family->count && all < allowed; i++) {
        struct member *member = family->members[family->next++ % family->count];
        bool more = to_the_end || now >= member->due_ns;
        int64_t bytes = 0;
        while (more && all < allowed) {
            int64_t piece = read_piece(family, member, &more);
            bytes += piece;
            all += piece;
            plan_next(member, bytes > 0, more ? 0 : now);
            if (!to_the_end)
                break;
        }
    }
    afmon_load_settle(family->loader);
    return all;
}

/* ---- the store that is asked ---- */

/* Once what this process had recorded before is in it. Not while a pass of the rules is under way: what earlier passes
 * found belongs to the other store. */
static void publish(struct afmon_family *family)
{
    struct afmon_core *core = family->core;
    if (atomic_load_explicit(&core->family_store, memory_order_relaxed) != NULL ||
        has_grown(&family->members[0]->tail) || pthread_mutex_trylock(&core->watch_lock) != 0)
        return;
    for (size_t i = 0; i < core->monitor->rules.count; i++) {
        afmon_filter_memo_free(&core->filter_memos[i]);
        core->filter_memos[i] = (struct afmon_filter_memo){0};
    }
    atomic_store_explicit(&core->family_store, family->store, memory_order_release);
    pthread_mutex_unlock(&core->watch_lock);
}

struct afmon_store *afmon_family_store(const struct afmon_core *core)
{
    struct afmon_store *all = atomic_load_explicit(&core->family_store, memory_order_acquire);
    return all != NULL ? all : core->store;
}

void afmon_family_set_wall_delta(struct afmon_core *core, int64_t wall_delta_us)
{
    if (core->family != NULL)
        afmon_store_set_wall_delta(core->family->store, wall_delta_us);
}

/* ---- the monitor's thread ---- */

static int64_t wall_delta_us(const struct afmon_core *core)
{
    return (atomic_load_explicit(&core->wall_offset_ns, memory_order_relaxed) - core->opening_offset_ns) / 1000;
}

bool afmon_family_follow(struct afmon_core *core, bool to_the_end)
{
    if (core->is_child)
        return false;
    if (core->files.metrics < 0 ||
        atomic_load_explicit(&core->monitor->family_page->children, memory_order_relaxed) == 0)
        return false;
    if (core->family == NULL) {
        core->family = new_family(core);
        if (core->family == NULL)
            return false;
        afmon_store_set_wall_delta(core->family->store, wall_delta_us(core));
    }
    follow_self(core->family);
    meet_children(core->family);
    int64_t bytes = read_all(core->family, to_the_end);
    publish(core->family);
    return bytes > 0;
}
