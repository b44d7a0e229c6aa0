#include "base/shortest.h"

#include <charconv>
#include <system_error>

size_t afmon_shortest_text(char *out, double value)
{
    return static_cast<size_t>(std::to_chars(out, out + AFMON_SHORTEST_SIZE, value, std::chars_format::scientific).ptr -
                               out);
}

afmon_shortest_result afmon_shortest_read(const char *text, size_t length, double *value)
{
    const auto result = std::from_chars(text, text + length, *value, std::chars_format::general);
    if (result.ec == std::errc::result_out_of_range)
        return AFMON_SHORTEST_RANGE;
    return result.ec == std::errc() && result.ptr == text + length ? AFMON_SHORTEST_OK : AFMON_SHORTEST_BAD;
}
