/* A chart that has been gathered, as a file in memory. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "plot/chart.h"

static const char *const formats[] = {"png", "svg", "pdf"};

static struct afmon_canvas *make_canvas(const struct afmon_canvas *like, const struct afmon_canvas_about *about,
                                        const char *format, afmon_error *error)
{
    if (strcmp(format, formats[0]) == 0)
        return afmon_canvas_png(like, about, error);
    return strcmp(format, formats[1]) == 0 ? afmon_canvas_svg(like, about, error)
                                           : afmon_canvas_pdf(like, about, error);
}

/* For those who do not see it: the subtitle, then the legend. */
static void tell(const struct afmon_frame_spec *spec, char *out, size_t size)
{
    size_t at = (size_t)snprintf(out, size, "%s", spec->subtitle);
    for (unsigned i = 0; i < spec->legend_count && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, " · %s%s%s", spec->legend[i].label,
                               spec->legend[i].value[0] == '\0' ? "" : ": ", spec->legend[i].value);
}

static void set_title(const struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    const char *title = job->options->title != NULL ? job->options->title
                        : *job->kind->title != '\0' ? job->kind->title
                                                    : job->metric;
    afmon_label_clean(spec->title, title, strlen(title));
}

static void warn_missing(const struct afmon_chart_job *job, const struct afmon_typesetter *type)
{
    char message[256];
    if (type->missing == 0 || job->options->warn == NULL)
        return;
    snprintf(message, sizeof message,
             "%u characters, some of them in '%s', are in no installed font and are drawn as boxes; install one that "
             "has them, such as fonts-noto-core or fonts-noto-cjk",
             type->missing, type->missing_in);
    job->options->warn(job->options->user, message);
}

struct drawing {
    struct afmon_frame_spec spec;
    struct afmon_frame frame;
    struct afmon_typesetter type;
    char description[4 * AFMON_LABEL_SIZE];
};

static afmon_status draw(struct afmon_chart_job *job, const char *format, struct afmon_buffer *out,
                         struct drawing *drawing)
{
    char prefix[64];
    const afmon_plot_options *options = job->options;
    afmon_status status = afmon_type_begin(&drawing->type, job->error);
    if (status != AFMON_OK)
        return status;
    set_title(job, &drawing->spec);
    job->kind->describe(job, &drawing->spec);
    afmon_frame_lay_out(&drawing->frame, &drawing->spec, &drawing->type, options->width, options->height);
    tell(&drawing->spec, drawing->description, sizeof drawing->description);
    snprintf(prefix, sizeof prefix, "afmon-%s", job->kind->name);
    struct afmon_canvas_about about = {.title = drawing->spec.title,
                                       .description = drawing->description,
                                       .id_prefix = options->id_prefix != NULL ? options->id_prefix : prefix,
                                       .follows_system = options->theme == AFMON_PLOT_AUTO,
                                       .scale = options->scale,
                                       .made_us = job->last_us};
    struct afmon_canvas like = {.type = &drawing->type,
                                .width = options->width,
                                .height = options->height,
                                .dark = options->theme == AFMON_PLOT_DARK,
                                .out = out};
    struct afmon_canvas *canvas = make_canvas(&like, &about, format, job->error);
    if (canvas == NULL)
        return job->error != NULL && job->error->status != AFMON_OK ? job->error->status : AFMON_E_NO_MEMORY;
    afmon_frame_draw(&drawing->frame, canvas);
    job->kind->draw(job, &drawing->frame);
    status = canvas->ops->finish(canvas, job->error);
    canvas->ops->free(canvas);
    return status == AFMON_OK && out->failed ? afmon_fail_memory(job->error) : status;
}

/* Pango may start a thread of its own, to look for fonts: it must not take the program's signals. */
static void block_signals(sigset_t *before)
{
    static const int of_this_thread[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    sigset_t most;
    sigfillset(&most);
    for (size_t i = 0; i < sizeof of_this_thread / sizeof of_this_thread[0]; i++)
        sigdelset(&most, of_this_thread[i]);
    pthread_sigmask(SIG_BLOCK, &most, before);
}

afmon_status afmon_chart_render(struct afmon_chart_job *job, const char *format, struct afmon_buffer *out)
{
    sigset_t before;
    struct drawing *drawing = calloc(1, sizeof *drawing);
    if (drawing == NULL)
        return afmon_fail_memory(job->error);
    block_signals(&before);
    afmon_status status = draw(job, format, out, drawing);
    afmon_type_end(&drawing->type);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status == AFMON_OK)
        warn_missing(job, &drawing->type);
    free(drawing);
    return status;
}
