#include "base/digits.h"

const char afmon_digit_pairs[201] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                    "8081828384858687888990919293949596979899";

static size_t count_digits(uint64_t value)
{
    size_t count = 1;
    for (;;) {
        if (value < 10)
            return count;
        if (value < 100)
            return count + 1;
        if (value < 1000)
            return count + 2;
        if (value < 10000)
            return count + 3;
        value /= 10000;
        count += 4;
    }
}

size_t afmon_write_digits(char *out, uint64_t value)
{
    size_t count = count_digits(value);
    char *at = out + count;
    while (value >= 100) {
        at -= 2;
        afmon_write_pair(at, (unsigned)(value % 100));
        value /= 100;
    }
    if (value >= 10)
        afmon_write_pair(at - 2, (unsigned)value);
    else
        at[-1] = (char)('0' + value);
    return count;
}
