/* Where runs are looked for when no folder is named. */
#include "cli/run.h"

const char *cli_place(int index)
{
    static const char *const places[CLI_PLACES] = {".afterimage-monitoring", "."};
    return places[index];
}
