/* The fields of the line that was read last. */
#include "catalog/field_list.h"
#include "catalog/fields.h"
#include "store/reader_internal.h"
#include "store/reader_text.h"

/* The key as what it stands for; NULL: no memory. */
static const char *plain_key(struct afmon_buffer *text, const struct afmon_metadata_item *item, size_t *length)
{
    *length = item->key_length;
    afmon_buffer_clear(text);
    if (item->key_length == 0)
        return "";
    if (!item->key_escaped)
        return item->key;
    afmon_json_unescape(text, item->key, item->key_length);
    *length = text->length;
    return text->failed ? NULL : text->data;
}

static bool add_item(struct afmon_reader *reader, const struct afmon_metadata_item *item)
{
    afmon_field field = {.type = item->type};
    field.key = plain_key(&reader->text, item, &field.key_length);
    if (field.key == NULL)
        return false;
    switch (item->type) {
    case AFMON_STRING:
    case AFMON_JSON:
        if (item->value_escaped)
            return afmon_reader_add_raw(reader, field, item->value, item->value_length);
        field.as.text.data = item->value_length > 0 ? item->value : "";
        field.as.text.length = item->value_length;
        break;
    case AFMON_INT:
        field.as.integer = item->integer;
        break;
    case AFMON_DOUBLE:
        field.as.number = item->number;
        break;
    case AFMON_BOOL:
        field.as.boolean = item->integer != 0;
        break;
    case AFMON_NULL:
        break;
    }
    return afmon_reader_add_field(reader, field);
}

/* Of keys that came twice, keeps the last value at the first one's place. */
static bool put_in_order(struct afmon_reader *reader)
{
    struct afmon_field_list list;
    if (!afmon_field_list_read(&list, reader->packed.data, reader->packed.length))
        return false;
    bool done = true;
    if (!list.as_given) {
        size_t size = afmon_fields_packed_size(list.fields, list.count);
        afmon_buffer_clear(&reader->text);
        done = size != SIZE_MAX && afmon_buffer_reserve(&reader->text, size);
        if (done) {
            afmon_fields_pack((unsigned char *)reader->text.data, list.fields, list.count);
            reader->text.length = size;
        }
    }
    bool as_given = list.as_given;
    afmon_field_list_free(&list);
    if (done && !as_given) {
        struct afmon_buffer ordered = reader->text;
        reader->text = reader->packed;
        reader->packed = ordered;
    }
    return done;
}

static bool pack_metadata(struct afmon_reader *reader, const char *at, const char *end)
{
    struct afmon_metadata_item item;
    while (at != NULL && at < end) {
        at = afmon_metadata_next(at, end, &item);
        if (at == NULL || !add_item(reader, &item))
            return false;
    }
    return put_in_order(reader);
}

afmon_status afmon_reader_packed(struct afmon_reader *reader, struct afmon_read_sample *sample)
{
    if (sample->packed != NULL)
        return AFMON_OK;
    afmon_buffer_clear(&reader->packed);
    bool done = sample->metadata == NULL
                    ? afmon_pack_object(reader)
                    : pack_metadata(reader, sample->metadata, sample->metadata + sample->metadata_length);
    if (!done)
        return AFMON_E_NO_MEMORY;
    sample->packed = reader->packed.length > 0 ? reader->packed.data : "";
    sample->packed_length = reader->packed.length;
    return AFMON_OK;
}

struct afmon_buffer *afmon_reader_packed_in(struct afmon_reader *reader)
{
    return &reader->packed;
}
