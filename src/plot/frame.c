#include "plot/frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot/times.h"

#define MARGIN 24.0
#define SWATCH 20.0
#define SWATCH_GAP 7.0
#define ENTRY_GAP 22.0
#define TICK_ROOM 24.0 /* between the labels of two ticks */
#define TICKS_MAX 8
#define OUTSIDE_MAX 0.28 /* of the width, for a legend beside the plot */

static double line_height(const struct afmon_frame *frame, enum afmon_face face)
{
    return ceil(frame->type->metrics[face].height) + 2;
}

/* ---- Header ---- */

static struct afmon_box place_lines(struct afmon_frame *frame, enum afmon_face face, const char *text,
                                    struct afmon_frame_line *into, unsigned most, unsigned *count,
                                    struct afmon_box room)
{
    char lines[AFMON_SUBTITLE_LINES][AFMON_LABEL_SIZE];
    double height = line_height(frame, face);
    double widest = 0;
    *count = *text == '\0' ? 0 : afmon_type_lines(frame->type, face, text, room.width, lines, most);
    for (unsigned i = 0; i < *count; i++) {
        memcpy(into[i].text, lines[i], AFMON_LABEL_SIZE);
        into[i].baseline.x = room.x;
        into[i].baseline.y = room.y + i * height + frame->type->metrics[face].ascent;
        widest = fmax(widest, afmon_type_width(frame->type, face, lines[i]));
    }
    return (struct afmon_box){room.x, room.y, widest, *count * height};
}

/* ---- Legend ---- */

static double value_room(struct afmon_frame *frame, unsigned index)
{
    const char *value = frame->spec->legend[index].value;
    return *value == '\0' ? 0 : SWATCH_GAP + afmon_type_width(frame->type, AFMON_FACE_LEGEND, value);
}

static double swatch_room(const struct afmon_frame *frame, unsigned index)
{
    return frame->spec->legend[index].swatch == AFMON_SWATCH_NONE ? 0 : SWATCH + SWATCH_GAP;
}

static double measure_entry(struct afmon_frame *frame, unsigned index, double most)
{
    struct afmon_frame_entry *entry = &frame->entries[index];
    double fixed = swatch_room(frame, index) + value_room(frame, index);
    memcpy(entry->label, frame->spec->legend[index].label, AFMON_LABEL_SIZE);
    entry->label_width = afmon_type_fit(frame->type, AFMON_FACE_LEGEND, entry->label, fmax(most - fixed, 24));
    entry->box.width = fixed + entry->label_width;
    entry->box.height = line_height(frame, AFMON_FACE_LEGEND);
    return entry->box.width;
}

static double measure_legend(struct afmon_frame *frame, double most, bool add_up)
{
    double width = 0;
    for (unsigned i = 0; i < frame->spec->legend_count; i++) {
        double entry = measure_entry(frame, i, most);
        width = add_up ? width + entry + (i > 0 ? ENTRY_GAP : 0) : fmax(width, entry);
    }
    return width;
}

/* From left to right, in as many rows as it takes. */
static void place_rows(struct afmon_frame *frame, double left, double top, double width)
{
    double x = left;
    double y = top;
    double widest = 0;
    double height = line_height(frame, AFMON_FACE_LEGEND);
    for (unsigned i = 0; i < frame->spec->legend_count; i++) {
        struct afmon_frame_entry *entry = &frame->entries[i];
        if (x > left && x + entry->box.width > left + width) {
            x = left;
            y += height;
        }
        entry->box.x = x;
        entry->box.y = y;
        widest = fmax(widest, x + entry->box.width - left);
        x += entry->box.width + ENTRY_GAP;
    }
    frame->entry_count = frame->spec->legend_count;
    frame->legend = (struct afmon_box){left, top, widest, y + height - top};
}

/* One below the other, as many as there is room for. */
static void place_column(struct afmon_frame *frame, double left, double top, double height)
{
    double row = line_height(frame, AFMON_FACE_LEGEND) + 4;
    double widest = 0;
    frame->entry_count = 0;
    for (unsigned i = 0; i < frame->spec->legend_count && (i + 1) * row <= height; i++) {
        frame->entries[i].box.x = left;
        frame->entries[i].box.y = top + i * row;
        widest = fmax(widest, frame->entries[i].box.width);
        frame->entry_count++;
    }
    frame->legend = (struct afmon_box){left, top, widest, frame->entry_count * row};
}

/* Title, subtitle and, unless it stands outside, the legend: beside the title where there is room, else below. Returns
 * where the rest begins. */
static double place_header(struct afmon_frame *frame)
{
    const struct afmon_frame_spec *spec = frame->spec;
    double inner = frame->width - 2 * MARGIN;
    bool inside = spec->legend_count > 0 && !spec->legend_outside;
    double legend = inside ? measure_legend(frame, inner, true) : 0;
    double title = afmon_type_width(frame->type, AFMON_FACE_TITLE, spec->title);
    bool beside = inside && title + legend + 2 * ENTRY_GAP <= inner;
    struct afmon_box room = {MARGIN, 18, inner, 0};
    frame->title = place_lines(frame, AFMON_FACE_TITLE, spec->title, frame->title_lines, AFMON_TITLE_LINES,
                               &frame->title_count, room);
    if (beside)
        place_rows(frame, frame->width - MARGIN - legend, room.y + 3, legend + 1);
    double below_legend = beside ? frame->legend.height + 4 : 0;
    room.y += fmax(frame->title.height + 2, below_legend);
    frame->subtitle = place_lines(frame, AFMON_FACE_SUBTITLE, spec->subtitle, frame->subtitle_lines,
                                  AFMON_SUBTITLE_LINES, &frame->subtitle_count, room);
    room.y += frame->subtitle.height;
    if (inside && !beside) {
        place_rows(frame, MARGIN, room.y + 6, inner);
        room.y += frame->legend.height + 6;
    }
    return room.y + 10;
}

/* ---- Axes ---- */

static double widest_label(struct afmon_frame *frame, const struct afmon_ticks *ticks)
{
    double widest = 0;
    for (unsigned i = 0; i < ticks->count; i++)
        widest = fmax(widest, afmon_type_width(frame->type, AFMON_FACE_TICK, ticks->list[i].label));
    return widest;
}

/* As many ticks as have room beside each other. */
static void choose_x_ticks(struct afmon_frame *frame)
{
    const struct afmon_frame_spec *spec = frame->spec;
    for (unsigned most = TICKS_MAX; most > 0; most--) {
        if (spec->x_is_time)
            afmon_time_ticks(&frame->x, spec->first_us, spec->last_us, most);
        else
            afmon_number_ticks(&frame->x, spec->x, most, spec->x_quantity, false);
        double room = (widest_label(frame, &frame->x) + TICK_ROOM) * frame->x.count;
        if (room <= frame->plot.width + TICK_ROOM)
            return;
    }
}

static void choose_y_ticks(struct afmon_frame *frame, double height)
{
    unsigned wanted = height > 420 ? 6 : height > 150 ? 5 : 3;
    afmon_number_ticks(&frame->y, frame->spec->y, wanted, frame->spec->y_quantity, !frame->spec->y_exact);
}

static void caption(char out[AFMON_LABEL_SIZE], const char *text, const char *unit)
{
    if (text == NULL)
        text = "";
    if (*text != '\0' && *unit != '\0')
        snprintf(out, AFMON_LABEL_SIZE, "%s (%s)", text, unit);
    else
        snprintf(out, AFMON_LABEL_SIZE, "%s%s", text, unit);
}

/* Dates that would run into each other, or over the canvas' edge, are left out. */
static void thin_dates(struct afmon_frame *frame)
{
    double free_from = 0;
    for (unsigned i = 0; i < frame->x.count; i++) {
        struct afmon_tick *tick = &frame->x.list[i];
        double half = afmon_type_width(frame->type, AFMON_FACE_TICK, tick->below) / 2;
        double at = afmon_frame_x(frame, tick->at);
        if (tick->below[0] == '\0')
            continue;
        if (at - half < free_from || at + half > frame->width - 2)
            tick->below[0] = '\0';
        else
            free_from = at + half + 10;
    }
}

void afmon_frame_lay_out(struct afmon_frame *frame, const struct afmon_frame_spec *spec, struct afmon_typesetter *type,
                         double width, double height)
{
    memset(frame, 0, sizeof *frame);
    frame->spec = spec;
    frame->type = type;
    frame->width = width;
    frame->height = height;
    double top = place_header(frame);
    double tick = line_height(frame, AFMON_FACE_TICK);
    double small = line_height(frame, AFMON_FACE_CAPTION);
    double bottom = height - 12 - small - 2 - tick - (spec->x_is_time ? tick : 0) - 6;
    choose_y_ticks(frame, bottom - top - small - 6);
    caption(frame->y_caption_text, spec->y_caption, frame->y.unit);
    frame->y_caption = (struct afmon_box){MARGIN, top, 0, frame->y_caption_text[0] == '\0' ? 0 : small};
    frame->y_caption.width = afmon_type_fit(type, AFMON_FACE_CAPTION, frame->y_caption_text, width - 2 * MARGIN);
    top += frame->y_caption.height + 8;
    double outside = 0;
    if (spec->legend_outside && spec->legend_count > 0)
        outside = measure_legend(frame, width * OUTSIDE_MAX, false) + ENTRY_GAP;
    double labels = widest_label(frame, &frame->y);
    double left = MARGIN + labels + 10;
    bottom = fmax(bottom, top + 20);
    frame->y_labels = (struct afmon_box){MARGIN, top, labels, bottom - top};
    frame->plot = (struct afmon_box){left, top, fmax(width - MARGIN - outside - left, 40), bottom - top};
    if (outside > 0)
        place_column(frame, width - MARGIN - outside + ENTRY_GAP, top, height - MARGIN - top);
    choose_x_ticks(frame);
    thin_dates(frame);
    caption(frame->x_caption_text, spec->x_caption, frame->x.unit);
    double below = bottom + 6;
    frame->x_labels = (struct afmon_box){left, below, frame->plot.width, tick * (spec->x_is_time ? 2 : 1)};
    below += frame->x_labels.height + 2;
    double caption_width = afmon_type_fit(type, AFMON_FACE_CAPTION, frame->x_caption_text, frame->plot.width);
    frame->x_caption = (struct afmon_box){left + (frame->plot.width - caption_width) / 2, below, caption_width, small};
}

double afmon_frame_x(const struct afmon_frame *frame, double value)
{
    double span = frame->x.high - frame->x.low;
    return frame->plot.x + (span > 0 ? (value - frame->x.low) / span : 0.5) * frame->plot.width;
}

double afmon_frame_y(const struct afmon_frame *frame, double value)
{
    double span = frame->y.high - frame->y.low;
    double at = span > 0 ? (value - frame->y.low) / span : 0.5;
    at = at < -2 ? -2 : at > 3 ? 3 : at; /* far outside is outside */
    return frame->plot.y + (1 - at) * frame->plot.height;
}
