/* Doubles as unsigned integers that sort alike, so that values can be put into classes by their leading bits. */
#ifndef AFMON_BASE_ORDER_H
#define AFMON_BASE_ORDER_H

#include <stdint.h>
#include <string.h>

#define AFMON_ORDER_SIGN (UINT64_C(1) << 63)

/* key(a) < key(b) exactly where a < b, for finite values. -0.0 counts as 0.0. */
static inline uint64_t afmon_order_key(double value)
{
    uint64_t bits;
    value += 0.0; /* -0.0 becomes 0.0 */
    memcpy(&bits, &value, sizeof bits);
    return bits ^ ((0 - (bits >> 63)) | AFMON_ORDER_SIGN);
}

static inline double afmon_order_value(uint64_t key)
{
    uint64_t bits = key ^ (((key >> 63) - 1) | AFMON_ORDER_SIGN);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* False for NaN and the infinities, whose keys are outside of these. */
static inline int afmon_order_is_finite(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits << 1) < UINT64_C(0xffe0000000000000);
}

#endif
