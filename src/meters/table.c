#include "meters/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/plain.h"
#include "base/utf8.h"

#define KEY_SIZE (AFMON_MAX_LABELS * (AFMON_METER_LABEL_SIZE + 1) + sizeof(uint32_t))
#define FIRST_SLOTS 64

static const struct afmon_label_text other_text = {"other", 5};

bool afmon_meter_table_init(struct afmon_meter_table *table)
{
    *table = (struct afmon_meter_table){.slot_count = FIRST_SLOTS, .seed = afmon_hash_seed()};
    table->slots = calloc(FIRST_SLOTS, sizeof(struct afmon_meter_series *));
    return table->slots != NULL;
}

static void free_series(struct afmon_meter_series *series)
{
    free(series->key);
    free(series);
}

void afmon_meter_table_free(struct afmon_meter_table *table)
{
    for (size_t i = 0; i < AFMON_INSTRUMENTS; i++) {
        struct afmon_meter_series *series = table->lists[i].first;
        while (series != NULL) {
            struct afmon_meter_series *next = series->next;
            free_series(series);
            series = next;
        }
    }
    free(table->slots);
}

/* ---- keys ---- */

/* One part of a text into out (room for 3 bytes or the part): what is no UTF-8 becomes U+FFFD, controls a '_'. */
static size_t write_part(char *out, const char *part, size_t length, bool well_formed)
{
    if (!well_formed) {
        memcpy(out, AFMON_REPLACEMENT, AFMON_REPLACEMENT_LENGTH);
        return AFMON_REPLACEMENT_LENGTH;
    }
    memcpy(out, part, length);
    if (length == 1 && ((unsigned char)*part < 0x20 || *part == 0x7F))
        *out = '_';
    return length;
}

/* Any text, of any length. */
static char *write_odd_label(char *out, struct afmon_label_text value)
{
    size_t length = 0;
    for (size_t at = 0; value.data != NULL && at < value.length;) {
        size_t room = AFMON_METER_LABEL_SIZE - length;
        size_t left = value.length - at;
        size_t plain = afmon_plain_run(value.data + at, left < room ? left : room);
        memcpy(out + length, value.data + at, plain);
        length += plain;
        at += plain;
        if (at == value.length)
            break;
        bool well_formed = true;
        size_t part = 1;
        if ((unsigned char)value.data[at] >= 0x80)
            part = afmon_utf8_part(value.data + at, value.length - at, &well_formed);
        if (length + (well_formed ? part : AFMON_REPLACEMENT_LENGTH) > AFMON_METER_LABEL_SIZE)
            break;
        length += write_part(out + length, value.data + at, part, well_formed);
        at += part;
    }
    out[length] = '\0';
    return out + length + 1;
}

char *afmon_label_write(char *out, struct afmon_label_text value)
{
    if (value.length > AFMON_METER_LABEL_SIZE || value.data == NULL ||
        afmon_plain_run(value.data, value.length) != value.length)
        return write_odd_label(out, value);
    memcpy(out, value.data, value.length);
    out[value.length] = '\0';
    return out + value.length + 1;
}

/* The instrument's number and its values; returns the length. */
static size_t write_key(char key[KEY_SIZE], enum afmon_instrument_id id, const struct afmon_label_text *values)
{
    uint32_t number = id;
    memcpy(key, &number, sizeof number);
    char *end = key + sizeof number;
    for (size_t i = 0; i < afmon_instruments[id].label_count; i++) {
        if (values[i].length == 0) /* most of them */
            *end++ = '\0';
        else
            end = afmon_label_write(end, values[i]);
    }
    return (size_t)(end - key);
}

/* ---- finding ---- */

static struct afmon_meter_series **slot_of(struct afmon_meter_table *table, uint64_t hash, const char *key,
                                           size_t length)
{
    for (size_t at = hash & (table->slot_count - 1);; at = (at + 1) & (table->slot_count - 1)) {
        struct afmon_meter_series *series = table->slots[at];
        if (series == NULL ||
            (series->hash == hash && series->key_length == length && memcmp(series->key, key, length) == 0))
            return &table->slots[at];
    }
}

static bool make_room(struct afmon_meter_table *table)
{
    if ((table->count + 1) * 2 <= table->slot_count)
        return true;
    struct afmon_meter_table bigger = {.slot_count = table->slot_count * 2};
    bigger.slots = calloc(bigger.slot_count, sizeof(struct afmon_meter_series *));
    if (bigger.slots == NULL)
        return false;
    for (size_t i = 0; i < table->slot_count; i++) {
        struct afmon_meter_series *series = table->slots[i];
        if (series != NULL)
            *slot_of(&bigger, series->hash, series->key, series->key_length) = series;
    }
    free(table->slots);
    table->slots = bigger.slots;
    table->slot_count = bigger.slot_count;
    return true;
}

static struct afmon_meter_series *new_series(enum afmon_instrument_id id, const char *key, size_t length)
{
    const struct afmon_instrument *instrument = &afmon_instruments[id];
    size_t buckets = instrument->bounds == NULL ? 0 : instrument->bounds->count + 1;
    struct afmon_meter_series *series = calloc(1, sizeof *series + buckets * sizeof series->buckets[0]);
    if (series == NULL)
        return NULL;
    series->key = malloc(length);
    if (series->key == NULL) {
        free(series);
        return NULL;
    }
    memcpy(series->key, key, length);
    series->key_length = length;
    series->meter.instrument = instrument;
    series->meter.buckets = series->buckets;
    const char *value = series->key + sizeof(uint32_t);
    for (size_t i = 0; i < instrument->label_count; i++, value += strlen(value) + 1)
        series->meter.values[i] = value;
    return series;
}

static struct afmon_meter_series *add_series(struct afmon_meter_table *table, enum afmon_instrument_id id,
                                             const char *key, size_t length, uint64_t hash)
{
    if (!make_room(table))
        return NULL;
    struct afmon_meter_series *series = new_series(id, key, length);
    if (series == NULL)
        return NULL;
    series->hash = hash;
    *slot_of(table, hash, key, length) = series;
    table->count++;
    struct afmon_meter_list *list = &table->lists[id];
    if (list->last == NULL)
        list->first = series;
    else
        list->last->next = series;
    list->last = series;
    list->count++;
    return series;
}

/* The series that takes what has no room of its own. Its values are "other" where it could be anything. */
static struct afmon_meter_series *other_series(struct afmon_meter_table *table, enum afmon_instrument_id id)
{
    struct afmon_label_text values[AFMON_MAX_LABELS];
    char key[KEY_SIZE];
    for (size_t i = 0; i < AFMON_MAX_LABELS; i++)
        values[i] = other_text;
    size_t length = write_key(key, id, values);
    uint64_t hash = afmon_hash(table->seed, key, length);
    struct afmon_meter_series *found = *slot_of(table, hash, key, length);
    return found != NULL ? found : add_series(table, id, key, length, hash);
}

struct afmon_meter_series *afmon_meter_table_find(struct afmon_meter_table *table, enum afmon_instrument_id id,
                                                  const struct afmon_label_text *values, bool *other)
{
    char key[KEY_SIZE];
    size_t length = write_key(key, id, values);
    uint64_t hash = afmon_hash(table->seed, key, length);
    struct afmon_meter_series *found = *slot_of(table, hash, key, length);
    *other = false;
    if (found == NULL && table->lists[id].count < AFMON_METER_SERIES)
        found = add_series(table, id, key, length, hash);
    if (found != NULL)
        return found;
    *other = true;
    return other_series(table, id);
}
