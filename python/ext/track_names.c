/* The names of the arguments of track calls. */
#include "module.h"
#include "track.h"

const char *const track_names[TRACK_FIELD] = {
#define TRACK_NAME(name, text) [TRACK_##name] = text,
    TRACK_MEMBERS(TRACK_NAME)
#undef TRACK_NAME
#define TRACK_NUMBER_NAME(name, member) [TRACK_##name] = #member,
        TRACK_NUMBERS(TRACK_NUMBER_NAME)
#undef TRACK_NUMBER_NAME
};
