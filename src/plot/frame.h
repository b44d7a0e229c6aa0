/* What every chart has around its marks: title, subtitle, legend, axes; and where each of them stands. */
#ifndef AFMON_PLOT_FRAME_H
#define AFMON_PLOT_FRAME_H

#include "plot/canvas.h"
#include "plot/numbers.h"

#define AFMON_LEGEND_MAX 16

enum afmon_swatch { AFMON_SWATCH_LINE, AFMON_SWATCH_DASHED, AFMON_SWATCH_SHADE, AFMON_SWATCH_DOT, AFMON_SWATCH_NONE };

struct afmon_legend_entry {
    char label[AFMON_LABEL_SIZE]; /* clean */
    char value[AFMON_VALUE_TEXT_SIZE];
    unsigned ink;
    enum afmon_swatch swatch;
};

/* What a chart wants. Texts are clean. */
struct afmon_frame_spec {
    char title[AFMON_LABEL_SIZE];
    char subtitle[AFMON_LABEL_SIZE];
    const char *x_caption;
    const char *y_caption;
    struct afmon_legend_entry legend[AFMON_LEGEND_MAX];
    unsigned legend_count;
    bool legend_outside;  /* to the right of the plot */
    struct afmon_range y; /* as afmon_axis_range gives it */
    enum afmon_quantity y_quantity;
    bool y_exact; /* the axis ends where y does, not at a tick */
    bool x_is_time;
    int64_t first_us; /* time */
    int64_t last_us;
    struct afmon_range x; /* numbers */
    enum afmon_quantity x_quantity;
};

struct afmon_frame_line {
    char text[AFMON_LABEL_SIZE];
    struct afmon_place baseline;
};

struct afmon_frame_entry {
    struct afmon_box box;
    char label[AFMON_LABEL_SIZE]; /* cut to what there is room for */
    double label_width;
};

#define AFMON_TITLE_LINES 2
#define AFMON_SUBTITLE_LINES 3

struct afmon_frame {
    const struct afmon_frame_spec *spec;
    struct afmon_canvas *canvas;
    struct afmon_typesetter *type;
    double width;
    double height;
    struct afmon_box title;
    struct afmon_box subtitle;
    struct afmon_box legend;
    struct afmon_box plot;
    struct afmon_box y_labels;
    struct afmon_box x_labels; /* with the dates */
    struct afmon_box x_caption;
    struct afmon_box y_caption;
    struct afmon_frame_line title_lines[AFMON_TITLE_LINES];
    unsigned title_count;
    struct afmon_frame_line subtitle_lines[AFMON_SUBTITLE_LINES];
    unsigned subtitle_count;
    struct afmon_frame_entry entries[AFMON_LEGEND_MAX];
    unsigned entry_count;
    char y_caption_text[AFMON_LABEL_SIZE];
    char x_caption_text[AFMON_LABEL_SIZE];
    struct afmon_ticks x;
    struct afmon_ticks y;
};

/* Finds a place for everything; draws nothing. spec must stay. */
void afmon_frame_lay_out(struct afmon_frame *frame, const struct afmon_frame_spec *spec, struct afmon_typesetter *type,
                         double width, double height);

/* Draws ground, texts, grid and axes; marks come after it. */
void afmon_frame_draw(struct afmon_frame *frame, struct afmon_canvas *canvas);

/* Places of data in the plot. */
double afmon_frame_x(const struct afmon_frame *frame, double value); /* time: microseconds from first_us */
double afmon_frame_y(const struct afmon_frame *frame, double value);

#endif
