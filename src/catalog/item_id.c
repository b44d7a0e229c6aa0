#include "catalog/item_id.h"

#include "base/number.h"
#include "base/plain.h"
#include "base/utf8.h"
#include "catalog/fields.h"

_Static_assert(AFMON_NUMBER_SIZE > 20, "digits of every whole number");

bool afmon_item_id_is_plain(const char *text, size_t length)
{
    bool well_formed = true;
    if (length == 0 || length > AFMON_ITEM_ID_MAX)
        return false;
    for (size_t at = 0; well_formed && (at += afmon_plain_run(text + at, length - at)) < length;) {
        if ((unsigned char)text[at] < 0x80)
            return false;
        at += afmon_utf8_part(text + at, length - at, &well_formed);
    }
    return well_formed;
}

static bool is_item(const afmon_field *field)
{
    return afmon_is_item_key(field->key, field->key_length) &&
           (field->type == AFMON_INT ||
            (field->type == AFMON_STRING && afmon_item_id_is_plain(field->as.text.data, field->as.text.length)));
}

static void name_it(struct afmon_item_id *id, const afmon_field *field, char digits[24])
{
    *id = (struct afmon_item_id){.is_number = field->type == AFMON_INT};
    id->text = id->is_number ? digits : field->as.text.data;
    id->length = (uint32_t)(id->is_number ? afmon_format_int(digits, field->as.integer) : field->as.text.length);
}

bool afmon_item_id_find(const afmon_field *fields, size_t count, struct afmon_item_id *id, char digits[24])
{
    *id = (struct afmon_item_id){0};
    for (size_t i = count; i-- > 0 && id->length == 0;)
        if (is_item(&fields[i]))
            name_it(id, &fields[i], digits);
    return id->length > 0;
}

/* All but the ids, where one is not the last of the fields. */
static bool copy_others(const void *packed, size_t length, struct afmon_buffer *rest)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    const unsigned char *at = walk.at;
    afmon_field field;
    afmon_buffer_clear(rest);
    for (; afmon_field_walk_next(&walk, &field); at = walk.at)
        if (!is_item(&field))
            afmon_buffer_add(rest, at, (size_t)(walk.at - at));
    return !rest->failed;
}

bool afmon_item_id_take(const void **packed, size_t *length, struct afmon_buffer *rest, struct afmon_item_id *id,
                        char digits[24])
{
    *id = (struct afmon_item_id){0};
    if (*length == 0 || memmem(*packed, *length, AFMON_ITEM_KEY, AFMON_ITEM_KEY_LENGTH) == NULL)
        return true;
    struct afmon_field_walk walk = afmon_field_walk_begin(*packed, *length);
    const unsigned char *at = walk.at;
    const unsigned char *last = NULL;
    size_t found = 0;
    afmon_field field;
    for (; afmon_field_walk_next(&walk, &field); at = walk.at) {
        if (!is_item(&field))
            continue;
        name_it(id, &field, digits);
        last = walk.at == walk.end ? at : NULL;
        found++;
    }
    if (found == 1 && last != NULL) {
        *length = (size_t)(last - (const unsigned char *)*packed);
    } else if (found > 0) {
        if (!copy_others(*packed, *length, rest))
            return false;
        *packed = rest->data;
        *length = rest->length;
    }
    return true;
}

afmon_field afmon_item_id_field(const struct afmon_item_id *id)
{
    afmon_field field = {.key = AFMON_ITEM_KEY, .key_length = AFMON_ITEM_KEY_LENGTH};
    int64_t number;
    if (id->is_number && afmon_parse_int(id->text, id->length, &number)) {
        field.type = AFMON_INT;
        field.as.integer = number;
    } else {
        field.type = AFMON_STRING;
        field.as.text.data = id->text;
        field.as.text.length = id->length;
    }
    return field;
}

void afmon_item_id_render(struct afmon_buffer *buffer, const struct afmon_item_id *id)
{
    if (id->length == 0 || !afmon_buffer_reserve(buffer, sizeof "\"" AFMON_ITEM_KEY "\": \"\", " + id->length))
        return;
    afmon_buffer_add(buffer, "\"" AFMON_ITEM_KEY "\": ", sizeof "\"" AFMON_ITEM_KEY "\": " - 1);
    if (!id->is_number)
        afmon_buffer_add(buffer, "\"", 1);
    afmon_buffer_add(buffer, id->text, id->length);
    afmon_buffer_add(buffer, id->is_number ? ", " : "\", ", id->is_number ? 2 : 3);
}
