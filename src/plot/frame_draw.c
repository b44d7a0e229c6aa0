/* Drawing what afmon_frame_lay_out has placed. */
#include <math.h>

#include "plot/frame.h"

#define SWATCH 20.0
#define SWATCH_GAP 7.0

static void draw_lines(struct afmon_frame *frame, const struct afmon_frame_line *lines, unsigned count,
                       enum afmon_face face, unsigned ink)
{
    for (unsigned i = 0; i < count; i++)
        frame->canvas->ops->text(frame->canvas, lines[i].text, face, ink, AFMON_ANCHOR_LEFT, lines[i].baseline);
}

static void draw_swatch(struct afmon_canvas *canvas, const struct afmon_legend_entry *entry, struct afmon_box box)
{
    double middle = box.y + box.height / 2;
    struct afmon_place ends[] = {{box.x + 2, middle}, {box.x + SWATCH - 2, middle}};
    struct afmon_place centre = {box.x + SWATCH / 2, middle};
    switch (entry->swatch) {
    case AFMON_SWATCH_SHADE:
        canvas->ops->rectangle(canvas, (struct afmon_box){box.x + 2, middle - 6, SWATCH - 4, 12}, entry->ink, 0.16);
        break;
    case AFMON_SWATCH_DOT:
        canvas->ops->line(canvas, &centre, 1, (struct afmon_stroke){entry->ink, 6, 0.45, false});
        break;
    case AFMON_SWATCH_NONE:
        break;
    default:
        canvas->ops->line(canvas, ends, 2,
                          (struct afmon_stroke){entry->ink, 3, 1, entry->swatch == AFMON_SWATCH_DASHED});
    }
}

static void draw_legend(struct afmon_frame *frame)
{
    struct afmon_canvas *canvas = frame->canvas;
    for (unsigned i = 0; i < frame->entry_count; i++) {
        const struct afmon_legend_entry *entry = &frame->spec->legend[i];
        const struct afmon_frame_entry *at = &frame->entries[i];
        double swatch = entry->swatch == AFMON_SWATCH_NONE ? 0 : SWATCH + SWATCH_GAP;
        struct afmon_place baseline = {at->box.x + swatch,
                                       at->box.y + 1 + frame->type->metrics[AFMON_FACE_LEGEND].ascent};
        draw_swatch(canvas, entry, at->box);
        canvas->ops->text(canvas, at->label, AFMON_FACE_LEGEND, AFMON_INK_TITLE, AFMON_ANCHOR_LEFT, baseline);
        baseline.x += at->label_width + SWATCH_GAP;
        if (entry->value[0] != '\0')
            canvas->ops->text(canvas, entry->value, AFMON_FACE_LEGEND, AFMON_INK_TEXT, AFMON_ANCHOR_LEFT, baseline);
    }
}

static void draw_y_axis(struct afmon_frame *frame)
{
    struct afmon_canvas *canvas = frame->canvas;
    double right = frame->plot.x + frame->plot.width;
    double shift = frame->type->metrics[AFMON_FACE_TICK].size * 0.36; /* half of a digit's height */
    for (unsigned i = 0; i < frame->y.count; i++) {
        double y = afmon_frame_y(frame, frame->y.list[i].at);
        struct afmon_stroke stroke = {AFMON_INK_GRID, 1, 1, false};
        canvas->ops->rule(canvas, (struct afmon_place){frame->plot.x, y}, (struct afmon_place){right, y}, stroke);
        canvas->ops->text(canvas, frame->y.list[i].label, AFMON_FACE_TICK, AFMON_INK_TEXT, AFMON_ANCHOR_RIGHT,
                          (struct afmon_place){frame->plot.x - 10, y + shift});
    }
}

/* Centred below its tick, but within the canvas. */
static void draw_below(struct afmon_frame *frame, const char *text, double x, double baseline)
{
    double half = afmon_type_width(frame->type, AFMON_FACE_TICK, text) / 2;
    x = fmax(fmin(x, frame->width - half - 2), half + 2);
    frame->canvas->ops->text(frame->canvas, text, AFMON_FACE_TICK, AFMON_INK_TEXT, AFMON_ANCHOR_MIDDLE,
                             (struct afmon_place){x, baseline});
}

static void draw_x_axis(struct afmon_frame *frame)
{
    struct afmon_canvas *canvas = frame->canvas;
    const struct afmon_face_metrics *face = &frame->type->metrics[AFMON_FACE_TICK];
    double bottom = frame->plot.y + frame->plot.height;
    double baseline = frame->x_labels.y + face->ascent;
    struct afmon_stroke stroke = {AFMON_INK_AXIS, 1, 1, false};
    canvas->ops->rule(canvas, (struct afmon_place){frame->plot.x, bottom},
                      (struct afmon_place){frame->plot.x + frame->plot.width, bottom}, stroke);
    for (unsigned i = 0; i < frame->x.count; i++) {
        const struct afmon_tick *tick = &frame->x.list[i];
        double x = afmon_frame_x(frame, tick->at);
        canvas->ops->rule(canvas, (struct afmon_place){x, bottom}, (struct afmon_place){x, bottom + 5}, stroke);
        draw_below(frame, tick->label, x, baseline);
        if (tick->below[0] != '\0')
            draw_below(frame, tick->below, x, baseline + ceil(face->height) + 2);
    }
}

static void draw_captions(struct afmon_frame *frame)
{
    struct afmon_canvas *canvas = frame->canvas;
    double ascent = frame->type->metrics[AFMON_FACE_CAPTION].ascent;
    if (frame->y_caption_text[0] != '\0')
        canvas->ops->text(canvas, frame->y_caption_text, AFMON_FACE_CAPTION, AFMON_INK_TEXT, AFMON_ANCHOR_LEFT,
                          (struct afmon_place){frame->y_caption.x, frame->y_caption.y + ascent});
    if (frame->x_caption_text[0] != '\0')
        canvas->ops->text(canvas, frame->x_caption_text, AFMON_FACE_CAPTION, AFMON_INK_TEXT, AFMON_ANCHOR_MIDDLE,
                          (struct afmon_place){frame->plot.x + frame->plot.width / 2, frame->x_caption.y + ascent});
}

void afmon_frame_draw(struct afmon_frame *frame, struct afmon_canvas *canvas)
{
    frame->canvas = canvas;
    canvas->ops->rectangle(canvas, (struct afmon_box){0, 0, frame->width, frame->height}, AFMON_INK_GROUND, 1);
    draw_lines(frame, frame->title_lines, frame->title_count, AFMON_FACE_TITLE, AFMON_INK_TITLE);
    draw_lines(frame, frame->subtitle_lines, frame->subtitle_count, AFMON_FACE_SUBTITLE, AFMON_INK_TEXT);
    draw_legend(frame);
    draw_captions(frame);
    draw_y_axis(frame);
    draw_x_axis(frame);
}
