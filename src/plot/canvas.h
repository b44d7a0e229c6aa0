/* What charts are drawn on: rectangles, lines, texts in inks, at logical pixels. One file for each kind of output. */
#ifndef AFMON_PLOT_CANVAS_H
#define AFMON_PLOT_CANVAS_H

#include "base/buffer.h"
#include "plot/theme.h"
#include "plot/type.h"

struct afmon_box {
    double x;
    double y;
    double width;
    double height;
};

struct afmon_place {
    double x;
    double y;
};

enum afmon_anchor { AFMON_ANCHOR_LEFT, AFMON_ANCHOR_MIDDLE, AFMON_ANCHOR_RIGHT };

struct afmon_stroke {
    unsigned ink;
    double width;
    double alpha;
    bool dashed;
};

struct afmon_canvas;
struct afmon_canvas_ops {
    void (*rectangle)(struct afmon_canvas *canvas, struct afmon_box box, unsigned ink, double alpha);
    /* A polyline; a single place is a dot of the stroke's width. */
    void (*line)(struct afmon_canvas *canvas, const struct afmon_place *places, size_t count,
                 struct afmon_stroke stroke);
    /* A straight horizontal or vertical line, set on whole pixels. */
    void (*rule)(struct afmon_canvas *canvas, struct afmon_place from, struct afmon_place to,
                 struct afmon_stroke stroke);
    void (*text)(struct afmon_canvas *canvas, const char *text, enum afmon_face face, unsigned ink,
                 enum afmon_anchor anchor, struct afmon_place baseline);
    /* alpha: rows of `columns` bytes, stretched over the box. */
    void (*mask)(struct afmon_canvas *canvas, struct afmon_box box, const unsigned char *alpha, size_t columns,
                 size_t rows, unsigned ink);
    void (*clip)(struct afmon_canvas *canvas, const struct afmon_box *box); /* NULL: no more */
    afmon_status (*finish)(struct afmon_canvas *canvas, afmon_error *error);
    void (*free)(struct afmon_canvas *canvas);
};

struct afmon_canvas {
    const struct afmon_canvas_ops *ops;
    struct afmon_typesetter *type;
    double width;
    double height;
    bool dark;
    struct afmon_buffer *out; /* gets the file */
};

/* What stands in a file besides the drawing. */
struct afmon_canvas_about {
    const char *title;
    const char *description;
    const char *id_prefix; /* svg */
    bool follows_system;   /* svg: dark where the reader's system is */
    double scale;          /* png */
    int64_t made_us;       /* pdf: a date for it, that of the data */
};

/* NULL: no memory, or the size is too large; the error is filled. */
struct afmon_canvas *afmon_canvas_png(const struct afmon_canvas *like, const struct afmon_canvas_about *about,
                                      afmon_error *error);
struct afmon_canvas *afmon_canvas_pdf(const struct afmon_canvas *like, const struct afmon_canvas_about *about,
                                      afmon_error *error);
struct afmon_canvas *afmon_canvas_svg(const struct afmon_canvas *like, const struct afmon_canvas_about *about,
                                      afmon_error *error);

/* A PNG picture of a mask in one colour, into the buffer. False: no memory. */
bool afmon_mask_png(struct afmon_buffer *out, const unsigned char *alpha, size_t columns, size_t rows, unsigned color);

#endif
