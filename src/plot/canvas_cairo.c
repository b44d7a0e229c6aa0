/* PNG and PDF, by Cairo. */
#include "lazy/charts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/status.h"
#include "plot/canvas.h"

struct cairo_canvas {
    struct afmon_canvas public; /* must be first */
    cairo_surface_t *surface;
    cairo_t *cairo;
    double scale;
    bool is_png;
};

static struct cairo_canvas *own(struct afmon_canvas *canvas)
{
    return (struct cairo_canvas *)canvas;
}

static void set_ink(struct afmon_canvas *canvas, unsigned ink, double alpha)
{
    unsigned color = afmon_ink_color(canvas->dark, ink);
    cairo_set_source_rgba(own(canvas)->cairo, (color >> 16) / 255.0, (color >> 8 & 255) / 255.0, (color & 255) / 255.0,
                          alpha);
}

static void rectangle(struct afmon_canvas *canvas, struct afmon_box box, unsigned ink, double alpha)
{
    set_ink(canvas, ink, alpha);
    cairo_rectangle(own(canvas)->cairo, box.x, box.y, box.width, box.height);
    cairo_fill(own(canvas)->cairo);
}

static void set_stroke(struct afmon_canvas *canvas, struct afmon_stroke stroke)
{
    cairo_t *cairo = own(canvas)->cairo;
    const double dash[] = {stroke.width * 3, stroke.width * 2.5};
    set_ink(canvas, stroke.ink, stroke.alpha);
    cairo_set_line_width(cairo, stroke.width);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cairo, stroke.dashed ? CAIRO_LINE_CAP_BUTT : CAIRO_LINE_CAP_ROUND);
    cairo_set_dash(cairo, dash, stroke.dashed ? 2 : 0, 0);
}

static void line(struct afmon_canvas *canvas, const struct afmon_place *places, size_t count,
                 struct afmon_stroke stroke)
{
    cairo_t *cairo = own(canvas)->cairo;
    if (count == 0)
        return;
    set_stroke(canvas, stroke);
    cairo_move_to(cairo, places[0].x, places[0].y);
    for (size_t i = 1; i < count; i++)
        cairo_line_to(cairo, places[i].x, places[i].y);
    if (count == 1)
        cairo_line_to(cairo, places[0].x, places[0].y); /* with round ends: a dot */
    cairo_stroke(cairo);
}

/* The middle of a pixel, so that a line is sharp. */
static double snapped(const struct cairo_canvas *canvas, double at)
{
    return canvas->is_png ? (floor(at * canvas->scale) + 0.5) / canvas->scale : at;
}

static void rule(struct afmon_canvas *canvas, struct afmon_place from, struct afmon_place to,
                 struct afmon_stroke stroke)
{
    struct cairo_canvas *cc = own(canvas);
    bool flat = from.y == to.y;
    double across = snapped(cc, flat ? from.y : from.x);
    if (cc->is_png)
        stroke.width = fmax(1, round(stroke.width * cc->scale)) / cc->scale;
    set_stroke(canvas, stroke);
    cairo_set_line_cap(cc->cairo, CAIRO_LINE_CAP_BUTT);
    cairo_move_to(cc->cairo, flat ? from.x : across, flat ? across : from.y);
    cairo_line_to(cc->cairo, flat ? to.x : across, flat ? across : to.y);
    cairo_stroke(cc->cairo);
}

static void note_missing(struct afmon_typesetter *type, const char *text)
{
    int missing = pango_layout_get_unknown_glyphs_count(type->layout);
    if (missing > 0 && type->missing == 0)
        snprintf(type->missing_in, sizeof type->missing_in, "%s", text);
    type->missing += missing > 0 ? (unsigned)missing : 0;
}

static void text(struct afmon_canvas *canvas, const char *string, enum afmon_face face, unsigned ink,
                 enum afmon_anchor anchor, struct afmon_place baseline)
{
    struct afmon_typesetter *type = canvas->type;
    cairo_t *cairo = own(canvas)->cairo;
    double width = afmon_type_width(type, face, string);
    double shift = anchor == AFMON_ANCHOR_LEFT ? 0 : anchor == AFMON_ANCHOR_MIDDLE ? width / 2 : width;
    note_missing(type, string);
    set_ink(canvas, ink, 1);
    cairo_move_to(cairo, baseline.x - shift, baseline.y);
    PangoLayoutLine *only = pango_layout_get_line_readonly(type->layout, 0);
    if (only != NULL)
        pango_cairo_show_layout_line(cairo, only);
}

static cairo_surface_t *mask_surface(const unsigned char *alpha, size_t columns, size_t rows)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, (int)columns, (int)rows);
    unsigned char *data = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    for (size_t row = 0; data != NULL && row < rows; row++)
        memcpy(data + row * stride, alpha + row * columns, columns);
    cairo_surface_mark_dirty(surface);
    return surface;
}

static void mask(struct afmon_canvas *canvas, struct afmon_box box, const unsigned char *alpha, size_t columns,
                 size_t rows, unsigned ink)
{
    cairo_t *cairo = own(canvas)->cairo;
    cairo_surface_t *surface = mask_surface(alpha, columns, rows);
    cairo_save(cairo);
    cairo_translate(cairo, box.x, box.y);
    cairo_scale(cairo, box.width / (double)columns, box.height / (double)rows);
    set_ink(canvas, ink, 1);
    cairo_mask_surface(cairo, surface, 0, 0);
    cairo_restore(cairo);
    cairo_surface_destroy(surface);
}

static void clip(struct afmon_canvas *canvas, const struct afmon_box *box)
{
    cairo_reset_clip(own(canvas)->cairo);
    if (box == NULL)
        return;
    cairo_rectangle(own(canvas)->cairo, box->x, box->y, box->width, box->height);
    cairo_clip(own(canvas)->cairo);
}

static cairo_status_t put(void *user, const unsigned char *data, unsigned length)
{
    struct afmon_buffer *out = user;
    afmon_buffer_add(out, data, length);
    return out->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static afmon_status finish(struct afmon_canvas *canvas, afmon_error *error)
{
    struct cairo_canvas *cc = own(canvas);
    cairo_status_t state = cairo_status(cc->cairo);
    if (state == CAIRO_STATUS_SUCCESS && cc->is_png)
        state = cairo_surface_write_to_png_stream(cc->surface, put, canvas->out);
    cairo_surface_finish(cc->surface);
    if (state == CAIRO_STATUS_SUCCESS)
        state = cairo_surface_status(cc->surface);
    if (state == CAIRO_STATUS_SUCCESS)
        return AFMON_OK;
    if (state == CAIRO_STATUS_NO_MEMORY || state == CAIRO_STATUS_WRITE_ERROR)
        return afmon_fail_memory(error);
    return afmon_fail(error, AFMON_E_SYSTEM, "drawing the chart: %s", cairo_status_to_string(state));
}

static void free_canvas(struct afmon_canvas *canvas)
{
    cairo_destroy(own(canvas)->cairo);
    cairo_surface_destroy(own(canvas)->surface);
    free(canvas);
}

static const struct afmon_canvas_ops ops = {rectangle, line, rule, text, mask, clip, finish, free_canvas};

static struct afmon_canvas *make(const struct afmon_canvas *like, cairo_surface_t *surface, double scale, bool is_png,
                                 afmon_error *error)
{
    struct cairo_canvas *canvas = calloc(1, sizeof *canvas);
    cairo_status_t state = cairo_surface_status(surface);
    if (canvas == NULL || state != CAIRO_STATUS_SUCCESS) {
        free(canvas);
        cairo_surface_destroy(surface);
        if (canvas == NULL || state == CAIRO_STATUS_NO_MEMORY)
            afmon_fail_memory(error);
        else
            afmon_fail(error, AFMON_E_ARGUMENT, "a chart of this size cannot be drawn: %s; give a smaller one",
                       cairo_status_to_string(state));
        return NULL;
    }
    canvas->public = *like;
    canvas->public.ops = &ops;
    canvas->surface = surface;
    canvas->cairo = cairo_create(surface);
    canvas->scale = scale;
    canvas->is_png = is_png;
    cairo_scale(canvas->cairo, scale, scale);
    return &canvas->public;
}

struct afmon_canvas *afmon_canvas_png(const struct afmon_canvas *like, const struct afmon_canvas_about *about,
                                      afmon_error *error)
{
    int width = (int)ceil(like->width * about->scale);
    int height = (int)ceil(like->height * about->scale);
    return make(like, cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height), about->scale, true, error);
}

struct afmon_canvas *afmon_canvas_pdf(const struct afmon_canvas *like, const struct afmon_canvas_about *about,
                                      afmon_error *error)
{
    const double points = 0.75; /* to a logical pixel */
    char date[48];
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(put, like->out, like->width * points, like->height * points);
    struct afmon_civil c = afmon_civil_from_seconds(about->made_us / 1000000);
    snprintf(date, sizeof date, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, about->title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, about->description);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, date);
    return make(like, surface, points, false, error);
}

bool afmon_mask_png(struct afmon_buffer *out, const unsigned char *alpha, size_t columns, size_t rows, unsigned color)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)columns, (int)rows);
    cairo_surface_t *shape = mask_surface(alpha, columns, rows);
    cairo_t *cairo = cairo_create(surface);
    cairo_set_source_rgb(cairo, (color >> 16) / 255.0, (color >> 8 & 255) / 255.0, (color & 255) / 255.0);
    cairo_mask_surface(cairo, shape, 0, 0);
    bool done = cairo_status(cairo) == CAIRO_STATUS_SUCCESS &&
                cairo_surface_write_to_png_stream(surface, put, out) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cairo);
    cairo_surface_destroy(shape);
    cairo_surface_destroy(surface);
    return done;
}
