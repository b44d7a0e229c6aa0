#include "lazy/fonts.h"

#include "lazy/charts.h"

/* Not the system's own configuration: another Fontconfig's may hold what ours does not know, which it would print. */
static const char configuration[] =
    "<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig>"
    "<dir>/usr/share/fonts</dir><dir>/usr/local/share/fonts</dir><dir prefix='xdg'>fonts</dir>"
    "<cachedir>/var/cache/fontconfig</cachedir><cachedir prefix='xdg'>fontconfig</cachedir></fontconfig>";

void afmon_lazy_add_fonts(const char *folder)
{
    FcConfig *config = FcConfigCreate();
    if (config == NULL)
        return;
    if (!FcConfigParseAndLoadFromMemory(config, (const FcChar8 *)configuration, FcFalse) ||
        !FcConfigAppFontAddDir(config, (const FcChar8 *)folder) || !FcConfigBuildFonts(config) ||
        !FcConfigSetCurrent(config))
        FcConfigDestroy(config);
}
