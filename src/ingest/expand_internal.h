/* Shared by the expansion of the two tracked calls. */
#ifndef AFMON_INGEST_EXPAND_INTERNAL_H
#define AFMON_INGEST_EXPAND_INTERNAL_H

#include "ingest/expand.h"

struct afmon_text {
    const char *data; /* NULL: not given */
    size_t length;
};

/* One record on its way through. */
struct afmon_expansion {
    struct afmon_expander *expander;
    const struct afmon_expand_sink *sink;
    int64_t boot_ns;
    int64_t wall_offset_ns;
    const void *fields; /* metadata of the call, packed, but for the item's id */
    size_t fields_length;
    const void *given; /* all of them, for the log */
    size_t given_length;
    struct afmon_item_id item;
    char digits[24];     /* of its id */
    size_t model_length; /* of model_name, packed, at the begin of expander->common */
};

/* The next text of a record, whose length may be AFMON_TEXT_ABSENT. */
struct afmon_text afmon_text_take(const unsigned char **at, uint32_t length);

void afmon_pack_one(struct afmon_buffer *out, afmon_field field);
void afmon_pack_text(struct afmon_buffer *out, const char *key, struct afmon_text text); /* nothing where not given */

/* The metadata of the call, as they stand in the record. False: no memory. */
bool afmon_expand_fields(struct afmon_expansion *expansion, const void *packed, size_t length);

/* Collects the metadata that every sample of the call has: model_name, where given, then the call's fields. */
bool afmon_expand_common(struct afmon_expansion *expansion, struct afmon_text model);

/* Metadata of a sample that has fields of its own: they are added to the buffer between begin (model_name) and end (the
 * call's fields, which may replace them). It is then in expander->packed. */
struct afmon_buffer *afmon_packed_begin(struct afmon_expansion *expansion);
bool afmon_packed_end(struct afmon_expansion *expansion);

/* Give one sample to the sink; the second one with a name of two parts. */
bool afmon_emit(struct afmon_expansion *expansion, const char *name, double value, const void *packed, size_t length);
bool afmon_emit_named(struct afmon_expansion *expansion, const char *prefix, struct afmon_text rest, double value,
                      const void *packed, size_t length);

/* "success" of a call with these flags: true, false, or null where it is not known. */
afmon_field afmon_success_field(uint16_t flags);

/* The token counts that were given: prompt, completion, total. */
bool afmon_emit_tokens(struct afmon_expansion *expansion, uint16_t flags, const double tokens[3]);

/* The data of the log record, collected in expander->data, and given to the sink with the call's metadata behind it. */
void afmon_data_begin(struct afmon_expansion *expansion, double duration_s, uint16_t flags);
void afmon_data_tokens(struct afmon_expansion *expansion, uint16_t flags, const double tokens[3]);
bool afmon_data_emit(struct afmon_expansion *expansion, const char *message);

bool afmon_expand_generation(struct afmon_expansion *expansion, const unsigned char *record);
bool afmon_expand_evaluation(struct afmon_expansion *expansion, const unsigned char *record);

#endif
