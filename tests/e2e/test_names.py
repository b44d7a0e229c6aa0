"""tools/check-names finds a name that two headers define, and words that are not ours: in trees made for it."""
import pathlib
import subprocess
import sys

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check-names"


@pytest.fixture
def check(tmp_path):
    def call(**files):
        for name, text in files.items():
            path = tmp_path / "src" / name.replace("__", "/").replace("_h", ".h").replace("_c", ".c")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, TOOL, tmp_path], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    return call


def test_one_meaning_each(check):
    macros = "#define EACH(X) \\\n    X(0, name) \\\n    X(1, text)\nenum b { /* A, */ B = 1, EACH(X) };\nstruct b *f(void);\n"
    assert check(a__one_h="struct a { int x; };\n// struct b {\n#define A 1\n", a__two_h=macros) == (0, "every name means one thing\n")


@pytest.mark.parametrize("text, what", [
    ("struct cell { int x; };\n", "tag cell"),
    ("typedef enum cell {\n    ONE,\n} cell;\n", "enumerator ONE"),
    ("  #  define CELL(x) (x)\n", "macro CELL"),
])
def test_a_name_in_two_headers(check, text, what):
    status, told = check(a__one_h=text, b__two_h=text)
    assert status == 1 and f"{what}: in src/a/one.h and in src/b/two.h\n" in told


def test_a_name_in_a_source_is_its_own(check):
    assert check(a__one_h="struct cell { int x; };\n", b__two_c="struct cell { int x; };\n#define CELL 1\n")[0] == 0


def test_words(check):
    status, told = check(a__one_c="#define ROWS_MOST 5\n#define GAP_LEAST 1\nenum { RULE_AT_MOST, RULE_AT_LEAST };\n")
    assert (status, told) == (1, "src/a/one.c: GAP_LEAST: say GAP_MIN\nsrc/a/one.c: ROWS_MOST: say ROWS_MAX\n")
