/* Text: cleaned, measured, cut to a width, broken into lines. By Pango, with the fonts of the machine. */
#ifndef AFMON_PLOT_TYPE_H
#define AFMON_PLOT_TYPE_H

#include <afmon/afmon.h>
#include "lazy/charts.h"

enum afmon_face {
    AFMON_FACE_TITLE,
    AFMON_FACE_SUBTITLE,
    AFMON_FACE_TICK,
    AFMON_FACE_LEGEND,
    AFMON_FACE_CAPTION,
    AFMON_FACE_MARK, /* beside marks: small and bold */
};
#define AFMON_FACES 6

#define AFMON_LABEL_SIZE 512 /* room for a cleaned text */

struct afmon_face_metrics {
    double size;
    unsigned weight; /* 400, 600 */
    double ascent;   /* of a line, above its baseline */
    double height;
};

/* For one thread. */
struct afmon_typesetter {
    PangoContext *context;
    PangoLayout *layout;
    PangoFontDescription *fonts[AFMON_FACES];
    struct afmon_face_metrics metrics[AFMON_FACES];
    unsigned missing; /* characters that were drawn and that no font has */
    char missing_in[64];
};

/* AFMON_E_SYSTEM where the machine has no font at all. afmon_type_end in every case. */
afmon_status afmon_type_begin(struct afmon_typesetter *type, afmon_error *error);
void afmon_type_end(struct afmon_typesetter *type);

/* Copies text so that it can be drawn as one line: ill-formed UTF-8 as U+FFFD, control characters and those that turn
 * the direction of writing as spaces; what is longer than 160 characters or does not fit ends in an ellipsis. */
void afmon_label_clean(char out[AFMON_LABEL_SIZE], const char *text, size_t length);

double afmon_type_width(struct afmon_typesetter *type, enum afmon_face face, const char *text);

/* Cuts a text to a width, with an ellipsis where something was cut. Returns the width. */
double afmon_type_fit(struct afmon_typesetter *type, enum afmon_face face, char text[AFMON_LABEL_SIZE], double width);

/* Breaks a text into at most `most` lines of a width; the last one is cut. Returns how many. */
unsigned afmon_type_lines(struct afmon_typesetter *type, enum afmon_face face, const char *text, double width,
                          char lines[][AFMON_LABEL_SIZE], unsigned most);

#endif
