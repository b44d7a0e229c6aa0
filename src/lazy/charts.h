/* Cairo, Pango and Fontconfig, opened when first used: lazy/lazy.h. */
#ifndef AFMON_LAZY_CHARTS_H
#define AFMON_LAZY_CHARTS_H

#include "lazy/lazy.h"

#define AFMON_LAZY_CHARTS_FUNCTIONS(X)                                                                                 \
    X(FcConfigAppFontAddDir)                                                                                           \
    X(FcConfigBuildFonts)                                                                                              \
    X(FcConfigCreate)                                                                                                  \
    X(FcConfigDestroy)                                                                                                 \
    X(FcConfigParseAndLoadFromMemory)                                                                                  \
    X(FcConfigSetCurrent)                                                                                              \
    X(cairo_clip)                                                                                                      \
    X(cairo_create)                                                                                                    \
    X(cairo_destroy)                                                                                                   \
    X(cairo_fill)                                                                                                      \
    X(cairo_font_options_create)                                                                                       \
    X(cairo_font_options_destroy)                                                                                      \
    X(cairo_font_options_set_antialias)                                                                                \
    X(cairo_font_options_set_hint_metrics)                                                                             \
    X(cairo_font_options_set_hint_style)                                                                               \
    X(cairo_image_surface_create)                                                                                      \
    X(cairo_image_surface_get_data)                                                                                    \
    X(cairo_image_surface_get_stride)                                                                                  \
    X(cairo_line_to)                                                                                                   \
    X(cairo_mask_surface)                                                                                              \
    X(cairo_move_to)                                                                                                   \
    X(cairo_pdf_surface_create_for_stream)                                                                             \
    X(cairo_pdf_surface_set_metadata)                                                                                  \
    X(cairo_rectangle)                                                                                                 \
    X(cairo_reset_clip)                                                                                                \
    X(cairo_restore)                                                                                                   \
    X(cairo_save)                                                                                                      \
    X(cairo_scale)                                                                                                     \
    X(cairo_set_dash)                                                                                                  \
    X(cairo_set_line_cap)                                                                                              \
    X(cairo_set_line_join)                                                                                             \
    X(cairo_set_line_width)                                                                                            \
    X(cairo_set_source_rgb)                                                                                            \
    X(cairo_set_source_rgba)                                                                                           \
    X(cairo_status)                                                                                                    \
    X(cairo_status_to_string)                                                                                          \
    X(cairo_stroke)                                                                                                    \
    X(cairo_surface_destroy)                                                                                           \
    X(cairo_surface_finish)                                                                                            \
    X(cairo_surface_mark_dirty)                                                                                        \
    X(cairo_surface_status)                                                                                            \
    X(cairo_surface_write_to_png_stream)                                                                               \
    X(cairo_translate)                                                                                                 \
    X(g_free)                                                                                                          \
    X(g_object_unref)                                                                                                  \
    X(pango_cairo_context_set_font_options)                                                                            \
    X(pango_cairo_font_map_get_default)                                                                                \
    X(pango_cairo_show_layout_line)                                                                                    \
    X(pango_context_get_metrics)                                                                                       \
    X(pango_context_load_font)                                                                                         \
    X(pango_context_set_round_glyph_positions)                                                                         \
    X(pango_font_describe)                                                                                             \
    X(pango_font_description_free)                                                                                     \
    X(pango_font_description_from_string)                                                                              \
    X(pango_font_description_get_family)                                                                               \
    X(pango_font_description_set_absolute_size)                                                                        \
    X(pango_font_description_set_weight)                                                                               \
    X(pango_font_map_create_context)                                                                                   \
    X(pango_font_map_list_families)                                                                                    \
    X(pango_font_metrics_get_ascent)                                                                                   \
    X(pango_font_metrics_get_descent)                                                                                  \
    X(pango_font_metrics_unref)                                                                                        \
    X(pango_layout_get_line_count)                                                                                     \
    X(pango_layout_get_line_readonly)                                                                                  \
    X(pango_layout_get_size)                                                                                           \
    X(pango_layout_get_unknown_glyphs_count)                                                                           \
    X(pango_layout_new)                                                                                                \
    X(pango_layout_set_font_description)                                                                               \
    X(pango_layout_set_single_paragraph_mode)                                                                          \
    X(pango_layout_set_text)                                                                                           \
    X(pango_layout_set_width)                                                                                          \
    X(pango_layout_set_wrap)

AFMON_LAZY_CHARTS_FUNCTIONS(AFMON_LAZY_RENAME)

#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>

#endif
