/* SVG, written here: text stays text, ids are ours, and a drawing can follow the reader's light or dark. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"
#include "base/status.h"
#include "plot/canvas.h"

#define PICTURE_LIMIT ((size_t)32 << 20)

struct svg_canvas {
    struct afmon_canvas public; /* must be first */
    const char *prefix;
    bool follows_system;
    unsigned clips;
    bool clipped;
};

static struct svg_canvas *own(struct afmon_canvas *canvas)
{
    return (struct svg_canvas *)canvas;
}

static void add(struct afmon_canvas *canvas, const char *text)
{
    afmon_buffer_add_text(canvas->out, text);
}

/* With at most two decimals. */
static void add_number(struct afmon_canvas *canvas, double value)
{
    char text[32];
    size_t at = 0;
    double scaled = round(fabs(value) * 100);
    uint64_t all = scaled < 1e15 ? (uint64_t)scaled : 0;
    if (value < 0 && all > 0)
        text[at++] = '-';
    at += afmon_write_digits(text + at, all / 100);
    if (all % 100 != 0) {
        text[at++] = '.';
        afmon_write_pair(text + at, (unsigned)(all % 100));
        at += all % 10 == 0 ? 1 : 2;
    }
    afmon_buffer_add(canvas->out, text, at);
}

static void add_attribute(struct afmon_canvas *canvas, const char *name, double value)
{
    add(canvas, " ");
    add(canvas, name);
    add(canvas, "=\"");
    add_number(canvas, value);
    add(canvas, "\"");
}

static void add_escaped(struct afmon_canvas *canvas, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            add(canvas, "&amp;");
            break;
        case '<':
            add(canvas, "&lt;");
            break;
        case '>':
            add(canvas, "&gt;");
            break;
        case '"':
            add(canvas, "&quot;");
            break;
        default:
            afmon_buffer_add_char(canvas->out, *text);
        }
    }
}

/* property: "fill" or "stroke". */
static void add_ink(struct afmon_canvas *canvas, const char *property, unsigned ink, double alpha)
{
    char text[96];
    snprintf(text, sizeof text, " %s=\"#%06x\"", property, afmon_ink_color(canvas->dark, ink));
    add(canvas, text);
    if (own(canvas)->follows_system) {
        snprintf(text, sizeof text, "-%c%u\"", property[0], ink);
        add(canvas, " class=\"");
        add(canvas, own(canvas)->prefix);
        add(canvas, text);
    }
    if (alpha < 1) {
        snprintf(text, sizeof text, "%s-opacity", property);
        add_attribute(canvas, text, alpha);
    }
}

static void add_box(struct afmon_canvas *canvas, struct afmon_box box)
{
    add_attribute(canvas, "x", box.x);
    add_attribute(canvas, "y", box.y);
    add_attribute(canvas, "width", box.width);
    add_attribute(canvas, "height", box.height);
}

static void rectangle(struct afmon_canvas *canvas, struct afmon_box box, unsigned ink, double alpha)
{
    add(canvas, "<rect");
    add_box(canvas, box);
    add_ink(canvas, "fill", ink, alpha);
    add(canvas, "/>\n");
}

static void add_stroke(struct afmon_canvas *canvas, struct afmon_stroke stroke)
{
    add(canvas, " fill=\"none\"");
    add_ink(canvas, "stroke", stroke.ink, stroke.alpha);
    add_attribute(canvas, "stroke-width", stroke.width);
    if (stroke.dashed) {
        add(canvas, " stroke-dasharray=\"");
        add_number(canvas, stroke.width * 3);
        add(canvas, " ");
        add_number(canvas, stroke.width * 2.5);
        add(canvas, "\"");
    }
}

static void add_place(struct afmon_canvas *canvas, const char *letter, struct afmon_place place)
{
    add(canvas, letter);
    add_number(canvas, round(place.x * 10) / 10); /* a tenth of a pixel is not seen, and halves the file */
    add(canvas, " ");
    add_number(canvas, round(place.y * 10) / 10);
}

static void line(struct afmon_canvas *canvas, const struct afmon_place *places, size_t count,
                 struct afmon_stroke stroke)
{
    if (count == 0)
        return;
    add(canvas, "<path d=\"");
    for (size_t i = 0; i < count; i++)
        add_place(canvas, i == 0 ? "M" : "L", places[i]);
    if (count == 1)
        add(canvas, "h0");
    add(canvas, "\"");
    add_stroke(canvas, stroke);
    if (!stroke.dashed)
        add(canvas, " stroke-linejoin=\"round\" stroke-linecap=\"round\"");
    add(canvas, "/>\n");
}

static void rule(struct afmon_canvas *canvas, struct afmon_place from, struct afmon_place to,
                 struct afmon_stroke stroke)
{
    add(canvas, "<path d=\"");
    add_place(canvas, "M", from);
    add_place(canvas, "L", to);
    add(canvas, "\"");
    add_stroke(canvas, stroke);
    add(canvas, stroke.dashed ? "/>\n" : " shape-rendering=\"crispEdges\"/>\n");
}

static void text(struct afmon_canvas *canvas, const char *string, enum afmon_face face, unsigned ink,
                 enum afmon_anchor anchor, struct afmon_place baseline)
{
    const struct afmon_face_metrics *metrics = &canvas->type->metrics[face];
    add(canvas, "<text");
    add_attribute(canvas, "x", baseline.x);
    add_attribute(canvas, "y", baseline.y);
    add_attribute(canvas, "font-size", metrics->size);
    if (metrics->weight != 400)
        add_attribute(canvas, "font-weight", metrics->weight);
    if (anchor != AFMON_ANCHOR_LEFT)
        add(canvas, anchor == AFMON_ANCHOR_MIDDLE ? " text-anchor=\"middle\"" : " text-anchor=\"end\"");
    add_ink(canvas, "fill", ink, 1);
    add(canvas, ">");
    add_escaped(canvas, string);
    add(canvas, "</text>\n");
}

static void add_base64(struct afmon_canvas *canvas, const unsigned char *data, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < length; at += 3) {
        size_t left = length - at;
        unsigned three =
            (unsigned)data[at] << 16 | (left > 1 ? (unsigned)data[at + 1] << 8 : 0) | (left > 2 ? data[at + 2] : 0U);
        char four[4] = {digits[three >> 18], digits[three >> 12 & 63], left > 1 ? digits[three >> 6 & 63] : '=',
                        left > 2 ? digits[three & 63] : '='};
        afmon_buffer_add(canvas->out, four, sizeof four);
    }
}

static void mask(struct afmon_canvas *canvas, struct afmon_box box, const unsigned char *alpha, size_t columns,
                 size_t rows, unsigned ink)
{
    struct afmon_buffer picture;
    afmon_buffer_init(&picture, PICTURE_LIMIT);
    if (!afmon_mask_png(&picture, alpha, columns, rows, afmon_ink_color(canvas->dark, ink))) {
        canvas->out->failed = true;
    } else {
        add(canvas, "<image");
        add_box(canvas, box);
        add(canvas, " preserveAspectRatio=\"none\" href=\"data:image/png;base64,");
        add_base64(canvas, (const unsigned char *)picture.data, picture.length);
        add(canvas, "\"/>\n");
    }
    afmon_buffer_free(&picture);
}

static void clip(struct afmon_canvas *canvas, const struct afmon_box *box)
{
    struct svg_canvas *svg = own(canvas);
    char number[16];
    if (svg->clipped)
        add(canvas, "</g>\n");
    svg->clipped = box != NULL;
    if (box == NULL)
        return;
    snprintf(number, sizeof number, "-clip%u", ++svg->clips);
    add(canvas, "<clipPath id=\"");
    add(canvas, svg->prefix);
    add(canvas, number);
    add(canvas, "\"><rect");
    add_box(canvas, *box);
    add(canvas, "/></clipPath>\n<g clip-path=\"url(#");
    add(canvas, svg->prefix);
    add(canvas, number);
    add(canvas, ")\">\n");
}

static afmon_status finish(struct afmon_canvas *canvas, afmon_error *error)
{
    clip(canvas, NULL);
    add(canvas, "</svg>\n");
    return canvas->out->failed ? afmon_fail_memory(error) : AFMON_OK;
}

static void free_canvas(struct afmon_canvas *canvas)
{
    free(canvas);
}

static const struct afmon_canvas_ops ops = {rectangle, line, rule, text, mask, clip, finish, free_canvas};

/* The fonts that were measured, and some of the same width. */
static void add_families(struct afmon_canvas *canvas)
{
    PangoFont *font = pango_context_load_font(canvas->type->context, canvas->type->fonts[AFMON_FACE_TICK]);
    PangoFontDescription *found = font == NULL ? NULL : pango_font_describe(font);
    const char *family = found == NULL ? NULL : pango_font_description_get_family(found);
    char first[AFMON_LABEL_SIZE] = "";
    if (family != NULL)
        afmon_label_clean(first, family, strlen(family));
    bool wide = strcmp(first, "DejaVu Sans") == 0;
    if (strpbrk(first, "'\"\\;{}<>&") == NULL && first[0] != '\0') {
        add(canvas, "'");
        add(canvas, first);
        add(canvas, "', ");
    }
    add(canvas,
        wide ? "Verdana, Geneva, sans-serif" : "Inter, 'Noto Sans', 'Segoe UI', Roboto, Helvetica, Arial, sans-serif");
    if (found != NULL)
        pango_font_description_free(found);
    if (font != NULL)
        g_object_unref(font);
}

static void add_dark_rules(struct afmon_canvas *canvas)
{
    char text[80];
    add(canvas, "<style>@media screen and (prefers-color-scheme:dark){");
    for (unsigned ink = 0; ink < AFMON_INKS; ink++) {
        add(canvas, ".");
        add(canvas, own(canvas)->prefix);
        snprintf(text, sizeof text, "-f%u{fill:#%06x}.", ink, afmon_ink_color(true, ink));
        add(canvas, text);
        add(canvas, own(canvas)->prefix);
        snprintf(text, sizeof text, "-s%u{stroke:#%06x}", ink, afmon_ink_color(true, ink));
        add(canvas, text);
    }
    add(canvas, "}</style>\n");
}

static void add_named(struct afmon_canvas *canvas, const char *element, const char *content)
{
    const char *const parts[] = {"<", element, " id=\"", own(canvas)->prefix, "-", element, "\">"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        add(canvas, parts[i]);
    add_escaped(canvas, content);
    add(canvas, "</");
    add(canvas, element);
    add(canvas, ">\n");
}

static void begin(struct afmon_canvas *canvas, const struct afmon_canvas_about *about)
{
    add(canvas, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ");
    add_number(canvas, canvas->width);
    add(canvas, " ");
    add_number(canvas, canvas->height);
    add(canvas, "\"");
    add_attribute(canvas, "width", canvas->width);
    add_attribute(canvas, "height", canvas->height);
    add(canvas, " role=\"img\" aria-labelledby=\"");
    add(canvas, own(canvas)->prefix);
    add(canvas, "-title ");
    add(canvas, own(canvas)->prefix);
    add(canvas, "-desc\" font-family=\"");
    add_families(canvas);
    add(canvas, "\">\n");
    add_named(canvas, "title", about->title);
    add_named(canvas, "desc", about->description);
    if (about->follows_system)
        add_dark_rules(canvas);
}

struct afmon_canvas *afmon_canvas_svg(const struct afmon_canvas *like, const struct afmon_canvas_about *about,
                                      afmon_error *error)
{
    struct svg_canvas *canvas = calloc(1, sizeof *canvas);
    if (canvas == NULL) {
        afmon_fail_memory(error);
        return NULL;
    }
    canvas->public = *like;
    canvas->public.ops = &ops;
    canvas->prefix = about->id_prefix;
    canvas->follows_system = about->follows_system;
    begin(&canvas->public, about);
    return &canvas->public;
}
