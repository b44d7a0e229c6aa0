/* What a run means to make: for who follows it (docs/formats.md, "Run plan"). */
#include <afmon/afmon.h>

afmon_status afmon_monitor_plan(afmon_monitor *monitor, const char *kind, uint64_t total, uint64_t done, bool accepted)
{
    if (monitor == NULL || kind == NULL || *kind == '\0' || total > INT64_MAX || done > total)
        return AFMON_E_ARGUMENT;
    const afmon_field fields[] = {
        afmon_int("planned", (int64_t)total),
        afmon_int("done", (int64_t)done),
        afmon_string("kind", kind),
        afmon_string("counts", accepted ? "accepted" : "made"),
    };
    return afmon_log_info(monitor, "Run plan", fields, sizeof fields / sizeof fields[0]);
}
