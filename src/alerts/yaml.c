#include "alerts/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"

static struct afmon_yaml_place place_of(yaml_mark_t mark)
{
    return (struct afmon_yaml_place){.line = mark.line + 1, .column = mark.column + 1};
}

struct afmon_yaml_place afmon_yaml_place(const struct afmon_yaml *yaml)
{
    return place_of(yaml->event.start_mark);
}

bool afmon_yaml_fail(struct afmon_yaml *yaml, struct afmon_yaml_place place, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (yaml->status == AFMON_OK)
        yaml->status =
            afmon_fail(yaml->error, AFMON_E_FORMAT, "%s:%zu:%zu: %s", yaml->name, place.line, place.column, text);
    return false;
}

bool afmon_yaml_fail_memory(struct afmon_yaml *yaml)
{
    if (yaml->status == AFMON_OK)
        yaml->status = afmon_fail_memory(yaml->error);
    return false;
}

bool afmon_yaml_open(struct afmon_yaml *yaml, const char *name, const void *text, size_t size, afmon_error *error)
{
    *yaml = (struct afmon_yaml){.name = name, .error = error};
    yaml->status = afmon_lazy_open(AFMON_LAZY_YAML, error);
    if (yaml->status != AFMON_OK)
        return false;
    yaml->is_open = true;
    if (yaml_parser_initialize(&yaml->parser) == 0) {
        memset(&yaml->parser, 0, sizeof yaml->parser);
        return afmon_yaml_fail_memory(yaml);
    }
    yaml_parser_set_input_string(&yaml->parser, text, size);
    return afmon_yaml_next(yaml) && afmon_yaml_expect(yaml, YAML_STREAM_START_EVENT, "a text");
}

void afmon_yaml_close(struct afmon_yaml *yaml)
{
    if (yaml->has_event)
        yaml_event_delete(&yaml->event);
    yaml->has_event = false;
    if (yaml->is_open)
        yaml_parser_delete(&yaml->parser);
}

static bool fail_parser(struct afmon_yaml *yaml)
{
    const yaml_parser_t *parser = &yaml->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return afmon_yaml_fail_memory(yaml);
    struct afmon_yaml_place place = place_of(parser->problem_mark);
    if (parser->error == YAML_READER_ERROR) /* it knows the byte only */
        place = place_of(parser->mark);
    return afmon_yaml_fail(yaml, place, "not YAML: %s%s%s", parser->problem != NULL ? parser->problem : "?",
                           parser->context != NULL ? ", " : "", parser->context != NULL ? parser->context : "");
}

static bool has_anchor_or_tag(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor != NULL || event->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor != NULL || event->data.mapping_start.tag != NULL;
    default:
        return event->type == YAML_ALIAS_EVENT;
    }
}

bool afmon_yaml_next(struct afmon_yaml *yaml)
{
    if (yaml->status != AFMON_OK)
        return false;
    if (yaml->has_event)
        yaml_event_delete(&yaml->event);
    yaml->has_event = yaml_parser_parse(&yaml->parser, &yaml->event) != 0;
    if (!yaml->has_event)
        return fail_parser(yaml);
    if (has_anchor_or_tag(&yaml->event))
        return afmon_yaml_fail(yaml, afmon_yaml_place(yaml), "anchors (&), aliases (*) and tags (!) are not taken");
    return true;
}

static const char *kind_of(yaml_event_type_t type)
{
    switch (type) {
    case YAML_SCALAR_EVENT:
        return "a single value";
    case YAML_SEQUENCE_START_EVENT:
        return "a list";
    case YAML_MAPPING_START_EVENT:
        return "a mapping (key: value)";
    case YAML_DOCUMENT_START_EVENT:
        return "a second document";
    default:
        return "the end";
    }
}

bool afmon_yaml_expect(struct afmon_yaml *yaml, yaml_event_type_t type, const char *what)
{
    if (yaml->event.type == type)
        return true;
    return afmon_yaml_fail(yaml, afmon_yaml_place(yaml), "%s was expected, here is %s", what,
                           kind_of(yaml->event.type));
}

const char *afmon_yaml_text(struct afmon_yaml *yaml, const char *what)
{
    if (!afmon_yaml_expect(yaml, YAML_SCALAR_EVENT, what))
        return NULL;
    const char *text = (const char *)yaml->event.data.scalar.value;
    if (strlen(text) != yaml->event.data.scalar.length) {
        afmon_yaml_fail(yaml, afmon_yaml_place(yaml), "%s may not hold a NUL", what);
        return NULL;
    }
    return text;
}

bool afmon_yaml_is_plain(const struct afmon_yaml *yaml)
{
    return yaml->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}
