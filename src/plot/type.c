#include "plot/type.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/utf8.h"

#define FAMILIES "Inter, Noto Sans, DejaVu Sans, sans-serif"
#define ELLIPSIS "\xe2\x80\xa6"
#define CHARACTERS_MAX 160

static const struct {
    double size;
    unsigned weight;
} faces[AFMON_FACES] = {{19, 600}, {13.5, 400}, {13.5, 400}, {13.5, 400}, {12.5, 400}, {12.5, 600}};

static bool begin_face(struct afmon_typesetter *type, unsigned face)
{
    PangoFontDescription *font = pango_font_description_from_string(FAMILIES);
    pango_font_description_set_absolute_size(font, faces[face].size * PANGO_SCALE);
    pango_font_description_set_weight(font, faces[face].weight == 600 ? PANGO_WEIGHT_SEMIBOLD : PANGO_WEIGHT_NORMAL);
    type->fonts[face] = font;
    PangoFontMetrics *metrics = pango_context_get_metrics(type->context, font, NULL);
    if (metrics == NULL)
        return false;
    struct afmon_face_metrics *into = &type->metrics[face];
    into->size = faces[face].size;
    into->weight = faces[face].weight;
    into->ascent = pango_font_metrics_get_ascent(metrics) / (double)PANGO_SCALE;
    into->height = into->ascent + pango_font_metrics_get_descent(metrics) / (double)PANGO_SCALE;
    pango_font_metrics_unref(metrics);
    return true;
}

/* The default font map is one of this thread, so nothing is shared with others. Widths are those of the outlines, not
 * of hinted glyphs: the same for every format and scale. */
afmon_status afmon_type_begin(struct afmon_typesetter *type, afmon_error *error)
{
    afmon_status status = afmon_lazy_open(AFMON_LAZY_CHARTS, error);
    if (status != AFMON_OK)
        return status;
    PangoFontMap *map = pango_cairo_font_map_get_default();
    PangoFontFamily **families = NULL;
    int family_count = 0;
    pango_font_map_list_families(map, &families, &family_count);
    g_free(families);
    if (family_count == 0)
        return afmon_fail(error, AFMON_E_SYSTEM, "no fonts are installed; install one, such as fonts-dejavu-core");
    type->context = pango_font_map_create_context(map);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(type->context, options);
    cairo_font_options_destroy(options);
    pango_context_set_round_glyph_positions(type->context, FALSE);
    type->layout = pango_layout_new(type->context);
    pango_layout_set_single_paragraph_mode(type->layout, TRUE);
    for (unsigned i = 0; i < AFMON_FACES; i++) {
        if (!begin_face(type, i))
            return afmon_fail(error, AFMON_E_SYSTEM, "no font can be loaded; install one, such as fonts-dejavu-core");
    }
    return AFMON_OK;
}

void afmon_type_end(struct afmon_typesetter *type)
{
    for (unsigned i = 0; i < AFMON_FACES; i++) {
        if (type->fonts[i] != NULL)
            pango_font_description_free(type->fonts[i]);
    }
    if (type->layout != NULL)
        g_object_unref(type->layout);
    if (type->context != NULL)
        g_object_unref(type->context);
}

/* ---- Cleaning ---- */

static bool turns_direction(const char *text, size_t length)
{
    const unsigned char *c = (const unsigned char *)text;
    if (length != 3 || c[0] != 0xE2)
        return false;
    return (c[1] == 0x80 && (c[2] >= 0xA8 && c[2] <= 0xAE)) || (c[1] == 0x80 && (c[2] == 0x8E || c[2] == 0x8F)) ||
           (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9);
}

static bool is_control(const char *text, size_t length)
{
    unsigned char first = (unsigned char)text[0];
    if (length == 3 && first == 0xEF && (unsigned char)text[1] == 0xBF && (unsigned char)text[2] >= 0xBE)
        return true; /* no characters: not allowed in XML */
    return first < 0x20 || first == 0x7F || (length == 2 && first == 0xC2 && (unsigned char)text[1] < 0xA0);
}

void afmon_label_clean(char out[AFMON_LABEL_SIZE], const char *text, size_t length)
{
    size_t at = 0;
    for (unsigned characters = 0; length > 0; characters++) {
        bool well_formed;
        size_t part = afmon_utf8_part(text, length, &well_formed);
        if (characters == CHARACTERS_MAX || at + part + sizeof ELLIPSIS + AFMON_REPLACEMENT_LENGTH > AFMON_LABEL_SIZE) {
            memcpy(out + at, ELLIPSIS, sizeof ELLIPSIS);
            return;
        }
        if (!well_formed) {
            memcpy(out + at, AFMON_REPLACEMENT, AFMON_REPLACEMENT_LENGTH);
            at += AFMON_REPLACEMENT_LENGTH;
        } else if (is_control(text, part) || turns_direction(text, part)) {
            out[at++] = ' ';
        } else {
            memcpy(out + at, text, part);
            at += part;
        }
        text += part;
        length -= part;
    }
    out[at] = '\0';
}

/* ---- Measuring ---- */

double afmon_type_width(struct afmon_typesetter *type, enum afmon_face face, const char *text)
{
    int width = 0;
    pango_layout_set_font_description(type->layout, type->fonts[face]);
    pango_layout_set_width(type->layout, -1);
    pango_layout_set_text(type->layout, text, -1);
    pango_layout_get_size(type->layout, &width, NULL);
    return width / (double)PANGO_SCALE;
}

static size_t character_start(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80)
        at--;
    return at;
}

double afmon_type_fit(struct afmon_typesetter *type, enum afmon_face face, char text[AFMON_LABEL_SIZE], double width)
{
    double whole = afmon_type_width(type, face, text);
    if (whole <= width)
        return whole;
    char cut[AFMON_LABEL_SIZE + sizeof ELLIPSIS];
    size_t low = 0; /* so many bytes fit */
    size_t high = strlen(text);
    while (low + 1 < high) {
        size_t middle = character_start(text, (low + high) / 2);
        if (middle <= low) {
            for (middle = low + 1; ((unsigned char)text[middle] & 0xC0) == 0x80;)
                middle++;
            if (middle >= high)
                break;
        }
        snprintf(cut, sizeof cut, "%.*s" ELLIPSIS, (int)middle, text);
        if (afmon_type_width(type, face, cut) <= width)
            low = middle;
        else
            high = middle;
    }
    while (low > 0 && text[low - 1] == ' ')
        low--;
    low = low > AFMON_LABEL_SIZE - sizeof ELLIPSIS ? character_start(text, AFMON_LABEL_SIZE - sizeof ELLIPSIS) : low;
    memcpy(text + low, ELLIPSIS, sizeof ELLIPSIS);
    return afmon_type_width(type, face, text);
}

static void copy_part(char out[AFMON_LABEL_SIZE], const char *text, size_t length)
{
    length = length < AFMON_LABEL_SIZE ? length : character_start(text, AFMON_LABEL_SIZE - 1);
    memcpy(out, text, length);
    while (length > 0 && out[length - 1] == ' ')
        length--;
    out[length] = '\0';
}

unsigned afmon_type_lines(struct afmon_typesetter *type, enum afmon_face face, const char *text, double width,
                          char lines[][AFMON_LABEL_SIZE], unsigned most)
{
    unsigned count = 0;
    size_t starts[8] = {0};
    pango_layout_set_font_description(type->layout, type->fonts[face]);
    pango_layout_set_text(type->layout, text, -1);
    pango_layout_set_width(type->layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(type->layout, PANGO_WRAP_WORD_CHAR);
    unsigned found = (unsigned)pango_layout_get_line_count(type->layout);
    most = most < 8 ? most : 8;
    for (; count < most && count < found; count++) {
        PangoLayoutLine *line = pango_layout_get_line_readonly(type->layout, (int)count);
        starts[count] = (size_t)line->start_index;
        copy_part(lines[count], text + line->start_index, (size_t)line->length);
    }
    if (found > count && count > 0) {
        copy_part(lines[count - 1], text + starts[count - 1], strlen(text + starts[count - 1]));
        afmon_type_fit(type, face, lines[count - 1], width);
    }
    pango_layout_set_width(type->layout, -1);
    return count;
}
