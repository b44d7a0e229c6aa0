/* What a sketch is made of: for src/base/sketch*.c. */
#ifndef AFMON_BASE_SKETCH_BODY_H
#define AFMON_BASE_SKETCH_BODY_H

#include "base/sketch.h"

#define AFMON_SKETCH_KEY_SHIFT 43  /* of an order key of 64 bits the 21 leading ones tell the class */
#define AFMON_SKETCH_FINE_SHIFT 27 /* and the 16 behind them where in it */
#define AFMON_SKETCH_SHIFT_MAX 20  /* then there is a class for each sign */

/* 12 bytes: 21 bits of key, 43 of count (at which counting stops: a class of 10^12.9 values), and the bounds. */
struct afmon_sketch_class {
    uint32_t count;
    uint32_t key_and_count; /* the key, and the leading bits of the count */
    uint16_t low;           /* the bits behind the key, of the smallest and of the greatest value */
    uint16_t high;
};

/* Behind it lie order keys (uint64_t) or classes. */
struct afmon_sketch_body {
    double min;
    double max;
    uint32_t size; /* bytes behind it */
    uint32_t used; /* keys or classes */
    uint32_t at;   /* of keys: so many are sorted; of classes: one in the midst of many */
    uint8_t shift; /* how often neighbours were joined */
    bool classed;
    bool owed; /* there was no room for its first bytes: they were not taken off, and are not given back */
};

#define AFMON_SKETCH_SIZE_MIN (AFMON_SKETCH_BYTES_MIN - sizeof(struct afmon_sketch_body))

static inline uint64_t *afmon_sketch_keys(const struct afmon_sketch_body *body)
{
    return (uint64_t *)(void *)((char *)(uintptr_t)body + sizeof *body);
}

static inline struct afmon_sketch_class *afmon_sketch_classes(const struct afmon_sketch_body *body)
{
    return (struct afmon_sketch_class *)(void *)((char *)(uintptr_t)body + sizeof *body);
}

#define AFMON_SKETCH_COUNT_BITS 43
#define AFMON_SKETCH_COUNT_MAX ((UINT64_C(1) << AFMON_SKETCH_COUNT_BITS) - 1)

/* Key and count in one. */
static inline uint64_t afmon_sketch_class_packed(const struct afmon_sketch_class *class)
{
    return (uint64_t) class->key_and_count << 32 | class->count;
}

static inline uint32_t afmon_sketch_class_key(const struct afmon_sketch_class *class)
{
    return class->key_and_count >> (AFMON_SKETCH_COUNT_BITS - 32);
}

static inline uint64_t afmon_sketch_class_count(const struct afmon_sketch_class *class)
{
    return afmon_sketch_class_packed(class) & AFMON_SKETCH_COUNT_MAX;
}

static inline struct afmon_sketch_class afmon_sketch_class_of(uint32_t key, uint64_t count, uint16_t low, uint16_t high)
{
    uint32_t leading = (uint32_t)(count >> 32);
    return (struct afmon_sketch_class){(uint32_t)count, key << (AFMON_SKETCH_COUNT_BITS - 32) | leading, low, high};
}

static inline struct afmon_sketch_class afmon_sketch_class_at(uint64_t order_key, unsigned shift)
{
    uint32_t key = (uint32_t)(order_key >> (AFMON_SKETCH_KEY_SHIFT + shift));
    uint16_t fine = (uint16_t)(order_key >> (AFMON_SKETCH_FINE_SHIFT + shift));
    return afmon_sketch_class_of(key, 1, fine, fine);
}

static inline void afmon_sketch_class_count_up(struct afmon_sketch_class *class, uint64_t more)
{
    uint64_t packed = afmon_sketch_class_packed(class);
    uint64_t room = AFMON_SKETCH_COUNT_MAX - (packed & AFMON_SKETCH_COUNT_MAX);
    packed += more < room ? more : room;
    class->count = (uint32_t)packed;
    class->key_and_count = (uint32_t)(packed >> 32);
}

/* One more, of the same key. */
static inline void afmon_sketch_class_put(struct afmon_sketch_class *class, uint16_t fine)
{
    if (fine < class->low)
        class->low = fine;
    if (fine > class->high)
        class->high = fine;
    afmon_sketch_class_count_up(class, 1);
}

/* Of the same key. */
static inline void afmon_sketch_class_merge(struct afmon_sketch_class *into, const struct afmon_sketch_class *from)
{
    into->low = from->low < into->low ? from->low : into->low;
    into->high = from->high > into->high ? from->high : into->high;
    afmon_sketch_class_count_up(into, afmon_sketch_class_count(from));
}

/* What a class becomes where neighbours are joined some further times. */
static inline struct afmon_sketch_class afmon_sketch_class_after(const struct afmon_sketch_class *class, unsigned times)
{
    uint64_t key = (uint64_t)afmon_sketch_class_key(class);
    return afmon_sketch_class_of((uint32_t)(key >> times), afmon_sketch_class_count(class),
                                 (uint16_t)((key << 16 | class->low) >> times),
                                 (uint16_t)((key << 16 | class->high) >> times));
}

/* Sorts the keys of a body that holds values. */
void afmon_sketch_sort(struct afmon_sketch_body *body);

/* The classes of sorted keys, where neighbours are joined shift times; how many they are. out: has room, or NULL. */
size_t afmon_sketch_from_keys(const struct afmon_sketch_body *body, unsigned shift, struct afmon_sketch_class *out);

/* The classes of two bodies (a may be NULL) that have classes, likewise, where shift is at least theirs. */
size_t afmon_sketch_unite(const struct afmon_sketch_body *a, const struct afmon_sketch_body *b, unsigned shift,
                          struct afmon_sketch_class *out);

/* The middle of what is in a class. */
double afmon_sketch_class_middle(const struct afmon_sketch_body *body, const struct afmon_sketch_class *class);

/* Joins neighbours once more. */
void afmon_sketch_join(struct afmon_sketch_body *body);

/* The first class whose key is not below. */
uint32_t afmon_sketch_place(const struct afmon_sketch_body *body, uint32_t key);

#endif
