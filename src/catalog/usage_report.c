#include "catalog/usage_report.h"

#include <stdlib.h>
#include <string.h>

afmon_status afmon_token_usage_copy(const afmon_token_usage *from, afmon_token_usage *usage)
{
    memset(usage, 0, sizeof *usage);
    size_t texts = 0;
    for (size_t i = 0; i < from->model_count; i++)
        texts += strlen(from->models[i].model_name) + 1;
    afmon_model_usage *models = malloc((from->model_count + 1) * sizeof *models + texts);
    if (models == NULL)
        return AFMON_E_NO_MEMORY;
    *usage = *from;
    usage->storage = models;
    usage->models = models;
    char *text = (char *)(models + from->model_count + 1);
    for (size_t i = 0; i < from->model_count; i++) {
        size_t size = strlen(from->models[i].model_name) + 1;
        memcpy(text, from->models[i].model_name, size);
        models[i] = from->models[i];
        models[i].model_name = text;
        text += size;
    }
    return AFMON_OK;
}

void afmon_token_usage_free(afmon_token_usage *usage)
{
    if (usage == NULL)
        return;
    free(usage->storage);
    memset(usage, 0, sizeof *usage);
}
