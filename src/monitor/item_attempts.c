#include "monitor/item_attempts.h"

#include <stdio.h>
#include <string.h>

#include "ingest/item.h"
#include "monitor/core.h"

#define NAME "item_attempts"

static bool is_told(uint32_t attempt)
{
    while (attempt > AFMON_ITEM_ATTEMPTS_MANY && attempt % 2 == 0)
        attempt /= 2;
    return attempt == AFMON_ITEM_ATTEMPTS_MANY;
}

/* "conversation 17 is in attempt 10" */
static void write_message(const afmon_item *item, uint32_t attempt, char *text, size_t size)
{
    const afmon_field id = afmon_item_field(item);
    if (id.type == AFMON_INT)
        (void)snprintf(text, size, "%.60s %lld is in attempt %u", item->kind, (long long)id.as.integer,
                       (unsigned)attempt);
    else
        (void)snprintf(text, size, "%.60s %.*s is in attempt %u", item->kind, (int)id.as.text.length, id.as.text.data,
                       (unsigned)attempt);
}

void afmon_item_attempt_begins(const afmon_item *item, uint32_t attempt)
{
    char message[AFMON_ITEM_ID_MAX + 128];
    if (!is_told(attempt))
        return;
    write_message(item, attempt, message, sizeof message);
    const afmon_field fields[] = {
        afmon_string("warning", NAME),
        afmon_string("kind", item->kind),
        afmon_int("attempt", attempt),
        afmon_item_field(item),
    };
    /* A log that cannot be written refuses it, and counts it as any other record. */
    (void)afmon_log_warning(item->monitor, message, fields, sizeof fields / sizeof fields[0]);
    afmon_status status;
    struct afmon_core *core = afmon_core_here(item->monitor, &status);
    if (core != NULL)
        afmon_item_alert_tell(core, NAME, "attempts", attempt, AFMON_ITEM_ATTEMPTS_MANY, message);
}
