/* The classes of a sketch: what sorted values or two lists of classes come to. */
#include "base/sketch_body.h"

typedef struct afmon_sketch_body body_t;
typedef struct afmon_sketch_class class_t;

/* ---- Sorting ---- */

#define FEW 16

static void insertion_sort(uint64_t *keys, size_t sorted, size_t count)
{
    for (size_t i = sorted; i < count; i++) {
        uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* Those without the bit come first; how many they are. Which one has it is not to be foreseen: no branch asks. */
static size_t part_by(uint64_t *keys, size_t count, uint64_t bit)
{
    size_t low = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = keys[i];
        keys[i] = keys[low];
        keys[low] = key;
        low += (key & bit) == 0;
    }
    return low;
}

/* 0: they are all the same. */
static uint64_t leading_difference(const uint64_t *keys, size_t count)
{
    uint64_t different = 0;
    for (size_t i = 1; i < count; i++)
        different |= keys[i] ^ keys[0];
    return different == 0 ? 0 : UINT64_C(1) << (63 - __builtin_clzll(different));
}

/* By the first bit in which they differ, and so on. It needs no memory, and takes no longer than 64 passes whatever the
 * keys are: of a rate, two. */
static void sort(uint64_t *keys, size_t count)
{
    while (count > FEW) {
        uint64_t bit = leading_difference(keys, count);
        if (bit == 0)
            return;
        size_t low = part_by(keys, count, bit);
        sort(keys, low);
        keys += low;
        count -= low;
    }
    insertion_sort(keys, 0, count);
}

void afmon_sketch_sort(struct afmon_sketch_body *body)
{
    uint64_t *keys = afmon_sketch_keys(body);
    if (body->used - body->at <= FEW)
        insertion_sort(keys, body->at, body->used);
    else
        sort(keys, body->used);
    body->at = body->used;
}

/* ---- Lists of classes ---- */

static bool same_key(const class_t *a, const class_t *b)
{
    return afmon_sketch_class_key(a) == afmon_sketch_class_key(b);
}

/* What becomes a list of classes, from classes that come in their order. */
struct joined {
    class_t *out; /* NULL: it is only counted */
    size_t count;
    class_t last;
};

static void append(struct joined *joined, class_t class)
{
    if (joined->count > 0 && same_key(&joined->last, &class)) {
        afmon_sketch_class_merge(&joined->last, &class);
    } else {
        joined->last = class;
        joined->count++;
    }
    if (joined->out != NULL)
        joined->out[joined->count - 1] = joined->last;
}

size_t afmon_sketch_from_keys(const struct afmon_sketch_body *body, unsigned shift, struct afmon_sketch_class *out)
{
    struct joined joined = {.out = out};
    for (uint32_t i = 0; i < body->used; i++)
        append(&joined, afmon_sketch_class_at(afmon_sketch_keys(body)[i], shift));
    return joined.count;
}

/* Goes through the classes of a body. */
struct list {
    const class_t *next;
    size_t left;
    unsigned times;
};

static struct list list_of(const body_t *body, unsigned shift)
{
    if (body == NULL)
        return (struct list){NULL, 0, 0};
    return (struct list){afmon_sketch_classes(body), body->used, shift - body->shift};
}

static class_t take(struct list *list)
{
    list->left--;
    return afmon_sketch_class_after(list->next++, list->times);
}

static uint32_t next_key(const struct list *list)
{
    return list->left == 0 ? UINT32_MAX : afmon_sketch_class_key(list->next) >> list->times;
}

/* Both lists as they are, which is most often so. Which of two keys is the smaller cannot be predicted, so there is no
 * branch on it. */
static size_t unite_alike(const body_t *a, const body_t *b, class_t *out)
{
    const class_t *first = afmon_sketch_classes(a), *first_end = first + a->used;
    const class_t *second = afmon_sketch_classes(b), *second_end = second + b->used;
    size_t count = 0;
    while (first < first_end && second < second_end) {
        bool of_first = afmon_sketch_class_key(first) <= afmon_sketch_class_key(second);
        bool of_second = afmon_sketch_class_key(second) <= afmon_sketch_class_key(first);
        const class_t *const both[2] = {first, second};
        class_t class = *both[!of_first];
        const class_t *other = both[of_second];
        class.low = other->low < class.low && of_first == of_second ? other->low : class.low;
        class.high = other->high > class.high && of_first == of_second ? other->high : class.high;
        afmon_sketch_class_count_up(&class, of_first == of_second ? afmon_sketch_class_count(other) : 0);
        out[count++] = class;
        first += of_first;
        second += of_second;
    }
    for (; first < first_end; first++)
        out[count++] = *first;
    for (; second < second_end; second++)
        out[count++] = *second;
    return count;
}

static size_t count_alike(const body_t *a, const body_t *b)
{
    const class_t *first = afmon_sketch_classes(a), *first_end = first + a->used;
    const class_t *second = afmon_sketch_classes(b), *second_end = second + b->used;
    size_t count = 0;
    for (; first < first_end && second < second_end; count++) {
        uint32_t key = afmon_sketch_class_key(first), other = afmon_sketch_class_key(second);
        first += key <= other;
        second += other <= key;
    }
    return count + (size_t)(first_end - first) + (size_t)(second_end - second);
}

size_t afmon_sketch_unite(const struct afmon_sketch_body *a, const struct afmon_sketch_body *b, unsigned shift,
                          struct afmon_sketch_class *out)
{
    if (a != NULL && a->shift == shift && b->shift == shift)
        return out != NULL ? unite_alike(a, b, out) : count_alike(a, b);
    struct joined joined = {.out = out};
    struct list first = list_of(a, shift);
    struct list second = list_of(b, shift);
    while (first.left > 0 || second.left > 0)
        append(&joined, take(next_key(&first) <= next_key(&second) ? &first : &second));
    return joined.count;
}

/* In place: what is written lies before what is read. */
void afmon_sketch_join(struct afmon_sketch_body *body)
{
    body->used = (uint32_t)afmon_sketch_unite(NULL, body, body->shift + 1U, afmon_sketch_classes(body));
    body->at = 0;
    body->shift++;
}

/* How many of three classes, in their order, are below the key. Without a branch, which could not be predicted. */
static uint32_t below(const class_t *a, const class_t *b, const class_t *c, uint32_t key)
{
    return (uint32_t)(afmon_sketch_class_key(a) < key) + (afmon_sketch_class_key(b) < key) +
           (afmon_sketch_class_key(c) < key);
}

uint32_t afmon_sketch_place(const struct afmon_sketch_body *body, uint32_t key)
{
    const class_t *low = afmon_sketch_classes(body);
    uint32_t left = body->used;
    while (left > 3) {
        uint32_t part = left / 4;
        low += part * below(low + part - 1, low + 2 * part - 1, low + 3 * part - 1, key);
        left -= 3 * part;
    }
    uint32_t place = (uint32_t)(low - afmon_sketch_classes(body));
    while (left-- > 0)
        place += afmon_sketch_class_key(low++) < key;
    return place;
}
