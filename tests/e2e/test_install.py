"""What `meson install` puts under a prefix: a command that starts, a library for C and C++, and what it opens."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

os.environ.pop("LD_LIBRARY_PATH", None)  # the installed library is meant, not the built one
BUILD = pathlib.Path(os.environ["AFMON_BUILD"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "examples" / "c" / "minimal.c"


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    return done.returncode, done.stdout, done.stderr


def good(*command, **more):
    status, output, errors = run(*command, **more)
    assert status == 0, (command, output, errors)
    return output


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    good("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", folder)
    (command,) = folder.rglob("bin/afmon")
    return command.parent.parent


@pytest.fixture(scope="module")
def libdir(prefix):
    (library,) = prefix.rglob("libafmon.so")
    return library.parent


def flags(prefix, libdir, *more):
    environment = {**os.environ, "PKG_CONFIG_PATH": str(libdir / "pkgconfig")}
    told = good("pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", *more, "afmon", env=environment)
    return told.split()


def needed(path):
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", good("readelf", "-d", path)))


def test_the_command_starts(prefix):
    assert good(prefix / "bin" / "afmon", "--version").startswith("afmon ")


def test_recording_needs_the_c_library_alone(libdir):
    assert {name.split(".")[0] for name in needed(libdir / "libafmon.so")} <= {"libc", "libm", "ld-linux-x86-64", "ld-linux-aarch64"}


@pytest.mark.parametrize("compiler, language", [("cc", "c"), ("c++", "c++")])
def test_a_program(prefix, libdir, tmp_path, compiler, language):
    source = tmp_path / "program.c"
    source.write_text('''#include <afmon/afmon.h>
#include <stdio.h>
int main(void)
{
    afmon_options options;
    afmon_monitor *monitor;
    afmon_options_init(&options);
    options.log_dir = "run";
    if (afmon_monitor_open(&options, &monitor, NULL) != AFMON_OK)
        return 1;
    afmon_record_metric(monitor, "a", 1, NULL, 0);
    return puts(AFMON_VERSION) < 0 || afmon_monitor_close(monitor, NULL) != AFMON_OK;
}
''')
    strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    good(compiler, *strict, "-x", language, source, "-x", "none", "-o", tmp_path / "program", *flags(prefix, libdir))
    version = good(tmp_path / "program", cwd=tmp_path, env={**os.environ, "LD_LIBRARY_PATH": str(libdir)})
    assert version == good(ROOT / "tools" / "version")
    assert '"metric": "a"' in (tmp_path / "run" / "metrics.jsonl").read_text()


def test_a_static_program(prefix, libdir, tmp_path):
    given = ["-l:libafmon.a" if flag == "-lafmon" else flag for flag in flags(prefix, libdir, "--static")]
    good("cc", PROGRAM, "-o", tmp_path / "program", *given)
    assert "libafmon.so.0" not in needed(tmp_path / "program")
    good(tmp_path / "program", cwd=tmp_path)


def test_what_cannot_be_opened_is_named(prefix, libdir, tmp_path):
    """Without a companion, and with one whose library is not there; recording and the rest go on."""
    moved = tmp_path / "moved"
    shutil.copytree(prefix, moved, symlinks=True)
    companions = moved / libdir.relative_to(prefix) / "afmon"
    (companions / "charts.so").unlink()
    good("cc", "-shared", "-o", tmp_path / "libnowhere.so", "-x", "c", "/dev/null")
    good("cc", "-shared", "-Wl,--no-as-needed", "-o", companions / "excel.so", "-x", "c", "/dev/null", "-x", "none",
         tmp_path / "libnowhere.so")
    (tmp_path / "libnowhere.so").unlink()
    afmon = moved / "bin" / "afmon"
    good(afmon, "generate", "conversations", "--simulate", "--conversations", "3", "--log-dir", "run", "--respondent-prompt", "x",
         cwd=tmp_path)
    assert "generation_time" in good(afmon, "show", "run", cwd=tmp_path)
    status, _, errors = run(afmon, "plot", "run", cwd=tmp_path)
    assert status != 0 and "charts" in errors and "charts.so" in errors
    status, _, errors = run(afmon, "export", "run", "--output", "run.xlsx", cwd=tmp_path)
    assert status != 0 and "Excel" in errors and "libnowhere.so" in errors
    assert not (tmp_path / "run.xlsx").exists()
    good(afmon, "export", "run", "--output", "run.json", cwd=tmp_path)
