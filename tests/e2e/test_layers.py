"""tools/check-layers finds what points against the layers: in a tree of a few files, each with one thing wrong."""
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "check-layers"
# base declares nothing of others; the public header declares functions of all folders.
GOOD = {
    "include/afmon/afmon.h": "int afmon_low(void);\nint afmon_high(void);\n",
    "src/libafmon.map": "AFMON_0 { global: afmon_low; afmon_high; local: *; };\n",
    "src/base/low.c": "#include <afmon/afmon.h>\nint afmon_low(void) { return 1; }\n",
    "src/base/low.h": "int afmon_inner(void);\n",
    "src/base/inner.c": '#include "base/low.h"\nint afmon_inner(void) { return 2; }\n',
    "src/store/high.c": '#include <afmon/afmon.h>\n#include "base/low.h"\n'
                        "int afmon_high(void) { return afmon_low() + afmon_inner(); }\n",
    "cli/main.c": "#include <afmon/afmon.h>\nint main(void) { return afmon_high(); }\n",
}


@pytest.fixture
def check(tmp_path):
    """Builds a tree with some files changed, and lets the tool look at it: (exit status, output)."""
    compiler = shutil.which("cc") or pytest.skip("no C compiler")

    def call(changed, circles=None):
        tree, build = tmp_path / "tree", tmp_path / "build"
        build.mkdir()
        commands = []
        for name, text in {**GOOD, **changed}.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path in sorted(tree.rglob("*.c")):
            output = path.relative_to(tree).as_posix().replace("/", "_") + ".o"
            subprocess.run([compiler, "-I", tree / "include", "-I", tree / "src", "-c", path, "-o", build / output], check=True)
            commands.append({"directory": str(build), "file": str(path), "output": output})
        (build / "compile_commands.json").write_text(json.dumps(commands), encoding="utf-8")
        tool = tmp_path / "check-layers"
        text = TOOL.read_text(encoding="utf-8")
        known = next(line for line in text.splitlines() if line.startswith("CIRCLES = "))
        tool.write_text(text.replace(known, f"CIRCLES = {circles or {}!r}"), encoding="utf-8")
        done = subprocess.run([sys.executable, tool, build, tree], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return call


def test_a_tree_that_keeps_to_the_table_is_good(check):
    assert check({}) == (0, "the layers hold\n")


def test_an_include_against_the_table(check):
    status, told = check({"src/base/low.c": '#include "store/high.h"\nint afmon_low(void) { return 1; }\n',
                          "src/store/high.h": "int afmon_high(void);\n"})
    assert status == 1 and 'src/base/low.c:1: "store/high.h": base/ may include nothing and itself' in told


def test_the_public_header_is_no_way_around_the_table(check):
    status, told = check({"src/catalog/wrong.c": "#include <afmon/afmon.h>\nint afmon_wrong(void) { return afmon_high(); }\n"})
    assert status == 1
    assert told == "src/catalog/wrong.c: afmon_high is of src/store/high.c: catalog/ may use base and itself\n"


def test_a_program_uses_what_is_exported(check):
    status, told = check({"python/ext/x.c": "int afmon_inner(void);\nint python_x(void) { return afmon_inner(); }\n"})
    assert status == 1
    assert told == "python/ext/x.c: afmon_inner is of src/base/inner.c: python/ may use nothing and itself\n"


def test_what_only_linux_has_where_a_run_is_read(check):
    calls = "#define _GNU_SOURCE\n#include <fcntl.h>\nint afmon_NAME(void) { return fallocate(1, 0, 0, 1); }\n"
    status, told = check({"src/store/room.c": calls.replace("NAME", "room"), "src/ingest/land.c": calls.replace("NAME", "land"),
                          "src/base/room.c": calls.replace("NAME", "base_room"), "src/base/quiet.c": "#include <stdlib.h>\n"
                          "int afmon_quiet(void) { return rand(); }\n"})
    assert status == 1 and sorted(told.splitlines()) == [
        "src/base/quiet.c: does without sigtimedwait by now: take it out of KNOWN_LINUX",
        "src/store/room.c: fallocate is Linux's: who reads a run does without"]


def test_a_program_may_use_base(check):
    assert check({"cli/x.c": "int afmon_inner(void);\nint cli_x(void) { return afmon_inner(); }\n"})[0] == 0


def test_a_hidden_function_of_another_folder(check):
    status, told = check({"src/store/hidden.c": "int afmon_hidden(void) { return 3; }\n",
                          "cli/x.c": "int afmon_hidden(void);\nint cli_x(void) { return afmon_hidden(); }\n"})
    assert status == 1
    assert told == "cli/x.c: afmon_hidden is of src/store/hidden.c: cli/ may use base, generators, proxy and itself\n"


CIRCLE = {
    "src/store/a.c": "int afmon_b(void);\nint afmon_a(void) { return afmon_b(); }\n",
    "src/store/b.c": "int afmon_c(void);\nint afmon_b(void) { return afmon_c(); }\n",
    "src/store/c.c": "int afmon_a(void);\nint afmon_c(void) { return afmon_a(); }\n",
}


@pytest.mark.parametrize("known, told", [
    ({}, "src/store: a circle of 3 files (0 are known): a.c, b.c, c.c\n"),
    ({"src/store": 2}, "src/store: a circle of 3 files (2 are known): a.c, b.c, c.c\n"),
    ({"src/store": 3}, "the layers hold\n"),
    ({"src/store": 4}, "src/store: its circle has 3 files by now: lower CIRCLES in tools/check-layers from 4\n"),
    ({"src/store": 3, "src/base": 2}, "src/base: has no circle any more: take it out of CIRCLES in tools/check-layers\n"),
])
def test_circles_only_become_fewer(check, known, told):
    assert check(CIRCLE, known) == (0 if told.startswith("the layers") else 1, told)


def test_two_circles_in_one_folder_count_both(check):
    second = {name.replace(".c", "2.c"): text.replace("_a", "_a2").replace("_b", "_b2").replace("_c", "_c2")
              for name, text in CIRCLE.items()}
    status, told = check({**CIRCLE, **second}, {"src/store": 3})
    assert status == 1 and told == "src/store: a circle of 3 files (0 are known): a2.c, b2.c, c2.c\n"


def test_what_is_not_built_is_told(check, tmp_path):
    check({})
    (tmp_path / "build" / "src_base_low.c.o").unlink()
    done = subprocess.run([sys.executable, TOOL, tmp_path / "build", tmp_path / "tree"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "src_base_low.c.o is not built: ninja -C" in done.stderr
