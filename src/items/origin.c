#include "items/origin.h"

void afmon_origin_init(struct afmon_origin *origin, const char *folder, const struct afmon_recorded *files)
{
    *origin = (struct afmon_origin){.folder = folder, .files = files};
}

void afmon_origin_free(struct afmon_origin *origin)
{
    afmon_run_log_free(&origin->log);
}

static afmon_status read_logs(struct afmon_origin *origin, afmon_error *error)
{
    const struct afmon_recorded *files = origin->files;
    afmon_status status = AFMON_OK;
    for (size_t i = 0; !origin->read && i < files->logs.count && status == AFMON_OK; i++)
        status = afmon_recorded_read_log(files, i, &origin->log, NULL, NULL, error);
    if (status != AFMON_OK || origin->read)
        return status;
    afmon_living_look(origin->folder, &origin->living);
    bool left_out = origin->living.living > AFMON_LIVING_MAX;
    origin->facts = (struct afmon_model_facts){.log = &origin->log,
                                               .live = files->recovery.live,
                                               .living = origin->living.serials,
                                               .living_count = left_out ? AFMON_LIVING_MAX : origin->living.living,
                                               .living_left_out = left_out};
    origin->read = true;
    return AFMON_OK;
}

afmon_status afmon_origin_is_open(struct afmon_origin *origin, const struct afmon_model_item *item, bool *open,
                                  afmon_error *error)
{
    *open = false;
    if (!origin->files->recovery.live)
        return AFMON_OK;
    afmon_status status = read_logs(origin, error);
    *open = status == AFMON_OK && afmon_model_item_is_open(&origin->facts, item);
    return status;
}

afmon_status afmon_origin_data_set(struct afmon_origin *origin, const char **path, afmon_error *error)
{
    afmon_status status = read_logs(origin, error);
    *path = status == AFMON_OK ? origin->log.data_set : NULL;
    return status;
}
