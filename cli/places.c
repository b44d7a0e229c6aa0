/* Where runs are looked for when no folder is named. */
#include <string.h>

#include "cli/run.h"

const char *cli_place(int index)
{
    static const char *const places[CLI_PLACES] = {".afterimage-monitoring", "."};
    return places[index];
}

const char *cli_plain_folder(const char *folder)
{
    return strncmp(folder, "./", 2) == 0 ? folder + 2 : folder;
}
