/* What the parts of the reader share: its scratch memory, and the two ways of reading a line. */
#ifndef AFMON_STORE_READER_INTERNAL_H
#define AFMON_STORE_READER_INTERNAL_H

#include "store/reader.h"
#include "store/reader_asides.h"
#include "store/reader_times.h"

struct afmon_reader {
    struct afmon_buffer name;     /* unescaped */
    struct afmon_buffer packed;   /* fields of the line that was read last */
    struct afmon_buffer text;     /* keys, and fields that are put in order */
    struct afmon_asides asides;   /* of the line that jansson reads */
    struct afmon_buffer repaired; /* that line as jansson takes it */
    struct json_t *object;        /* what it read, whose fields are packed when they are asked for; NULL: none */
    char second_text[19];         /* "2026-11-23T09:20:35" of the last line in our form */
    bool second_known;
    char item_digits[24];
    int64_t second_us;             /* the same in microseconds since the epoch */
    struct afmon_file_times times; /* of the file that is being read */
};

/* Reads a line in exactly the form that afmon writes. AFMON_E_FORMAT: it is not in that form, and may be a sample all
 * the same. sample->packed stays NULL, sample->metadata has been checked. */
afmon_status afmon_scan_line(struct afmon_reader *reader, const char *line, size_t length,
                             struct afmon_read_sample *sample);

/* Reads any JSON object that is a sample, through jansson; it stays reader->object until the next line. */
afmon_status afmon_read_object(struct afmon_reader *reader, const char *line, size_t length,
                               struct afmon_read_sample *sample, const char **why);

/* Packs its fields. False: no memory. */
bool afmon_pack_object(struct afmon_reader *reader);

void afmon_forget_object(struct afmon_reader *reader);

/* Writes into `repaired` the line with what Python writes and JSON has not, or parsers refuse, put into a form that
 * jansson takes: NaN, Infinity and numbers beyond a double become null, whole numbers beyond 64 bits get a point,
 * halves of surrogate pairs become U+FFFD. False where the line holds nothing of the kind, or memory is short (then the
 * buffer has failed). */
bool afmon_repair_line(struct afmon_buffer *repaired, const char *line, size_t length);

/* Appends one field to reader->packed, its key with an escaping '_' taken off. False: no memory. */
bool afmon_reader_add_field(struct afmon_reader *reader, afmon_field field);

/* The same of a text as it stands in JSON. */
bool afmon_reader_add_raw(struct afmon_reader *reader, afmon_field field, const char *raw, size_t length);

/* Metadata text (`"key": value, ` ...) in pieces. */
struct afmon_metadata_item {
    const char *key; /* raw, between its quotes */
    size_t key_length;
    bool key_escaped;
    afmon_type type;
    const char *value; /* raw; a string's between its quotes */
    size_t value_length;
    bool value_escaped;
    int64_t integer;
    double number;
};

/* Reads the item at `at`; returns what follows its ", ", or NULL where there is none that is in our form. */
const char *afmon_metadata_next(const char *at, const char *end, struct afmon_metadata_item *item);

/* True where a key is one that the line itself uses. */
bool afmon_is_own_key(const char *key, size_t length);

#endif
