"""afmon report: the verdict, the page as HTML, Markdown, hostile texts, files that cannot be written."""
import html.parser
import os
import re
import resource
import subprocess

import pytest

from conftest import COMMAND
from report_runs import HOSTILE, MARKUP, add_evaluation, add_generation, hostile, typical

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(html.parser.HTMLParser):
    """Fails on tags that do not match; keeps text, tags and ids."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.words, self.rows = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), attrs
        assert not [name for name in names if name.startswith("on")], attrs
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-5:])
        self.open.pop()

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)
        if self.open and ("td" in self.open or "th" in self.open):
            self.rows[-1][-1] += data

    def row(self, name):
        return next(row[1:] for row in self.rows if row and row[0] == name)


def page_of(command, run, tmp_path):
    done = command("report", run, "--output", tmp_path / "new" / "report.html")
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path / "new") == ["report.html"]
    text = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    return page, text


def test_a_typical_run(command, run, tmp_path):
    typical(run)
    page, text = page_of(command, run, tmp_path)
    words = "".join(page.words)
    assert "Degraded" in words and re.search(r"Success rate dropped to (49|50)\.\d%", words)
    assert "of 59 min 55 s" in words and "held at the end" not in words
    assert "1 line of the metrics files could not be read." in words and "metrics.jsonl:" in words
    assert page.row("large")[:7] == ["360", "-", "-", "-", "36,000", "18,000", "54,000"]
    timeouts = [row[2:5] for row in page.rows if row and row[0] == "timeout"]
    assert timeouts == [["answer_generation", "20", "0"], ["opensimula · answer_generation", "10", "0"]]
    assert page.row("stop")[0] == "720"
    assert page.row("opensimula · answer_generation")[:2] == ["120", "20"]
    assert page.row("tone")[:2] == ["judge", "72"]
    assert not re.search(r"""(?:src|href)\s*=|@import|url\((?!#)""", text), "nothing is loaded"
    assert {"h1", "h2", "main", "table", "caption"} <= set(page.tags)


@pytest.mark.parametrize("success, verdict", [([True] * 20, "Healthy"), ([False] * 3, "Failed"), ([], "No data")])
def test_verdicts(command, run, tmp_path, success, verdict):
    run.add_text("")
    for i, good in enumerate(success):
        add_generation(run, float(i), good)
    page, _ = page_of(command, run, tmp_path)
    assert verdict in "".join(page.words)


def test_charts_stand_in_the_page(command, run, tmp_path):
    """With ids that do not collide, and only those that have data."""
    for i in range(50):
        run.add("generation_time", 1 + i / 10, at=float(i))
        run.add("success_rate", 1.0, at=float(i))
    assert command("report", run, "-o", tmp_path / "r.html").returncode == 0
    page = (tmp_path / "r.html").read_text()
    assert page.count("<svg") == 2
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_what_to_do_next(command, run):
    """The most frequent failure, what helps against it, and the command that shows the items; from texts nothing is run."""
    for i in range(60):
        item = {"kind": "row", "item_id": i}
        run.add("item_started", 1.0, at=i, **item)
        failed = i % 2 == 0
        call = {"item_id": i, "operation": "a_call" if i % 4 else "$(harm)`x`"}
        run.add("generation_time", 1.0, at=i + 0.1, **call)
        run.add("success_rate", float(not failed), at=i + 0.1, **call)
        run.add("error_rate", float(failed), at=i + 0.1,
                **call, **({"error": "Error code: 429", "error_type": "RateLimitError", "status": 429} if failed else {}))
        run.add("finish_reason:stop", 1.0, at=i + 0.1)
        run.add("item_time", 1.0, at=i + 0.5, **item, outcome="rejected" if failed else "accepted",
                **({"reason": "grade"} if failed else {}), attempts=1)
    page = command("report", run, "-o", "-").stdout
    text = command("report", run, "-o", "-", "--format", "md").stdout
    for shown in (page, text):
        assert "What to do next" in shown and "make fewer calls at once, or ask for a higher limit" in shown
        assert "30 of 60 rows were rejected" in shown and "Finish reasons" in shown
    assert "<code>afmon items RUN --outcome rejected --text</code>" in page
    assert "--error RateLimitError --operation " in page and "--operation $(harm)" not in page
    assert "`x`" not in text and "RUN --slowest 10" in text


def test_dropped_samples_are_told(command, run):
    run.add("generation_time", 1.0)
    run.add_text('2026-11-23 09:00:01,000 - {"message": "Samples or log records were dropped", "full": 1200, "unwritable": 34, '
                 '"too_big": 0, "no_memory": 0, "level": "warning"}\n', "afterimage.log")
    assert "1,234 records had to be dropped" in command("report", run, "-o", "-", "--format", "md").stdout


def test_evaluations_only(command, run):
    for i in range(4):
        add_evaluation(run, float(i), 0.5, success=i == 0)
    done = command("report", run, "-o", "-", "--format", "md")
    assert done.returncode == 0 and "failed" in done.stdout.splitlines()[0]


def test_hostile_texts_are_text(command, run, tmp_path):
    hostile(run)
    page, text = page_of(command, run, tmp_path)
    assert not {"script", "img"} & set(page.tags)
    words = "".join(page.words)
    assert MARKUP.replace("\u202e", "�").replace("\u0007", "�") in words
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f\x7f]", text)
    assert {len(found) for found in re.findall("x{100,}", words)} == {160, 197}  # names; a list of scores
    assert "x" * 197 + "…" in words
    done = command("report", run, "--output", tmp_path / "x.html", "--title", MARKUP)
    assert done.returncode == 0
    assert not {"script", "img"} & set(Page((tmp_path / "x.html").read_text(encoding="utf-8")).tags)


def test_markdown_cannot_be_broken_out_of(command, run):
    hostile(run)
    done = command("report", run, "--output", "-", "--format", "md", "--title", "a|b\n# c")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert not re.search(r"[<>`@\\]|\]\(|https?:", done.stdout), "markup, links, mentions"
    assert sum(line.startswith("## ") for line in lines) == 1
    table = None
    for line in lines:
        if line.startswith("|"):
            table = table or line.count("|")
            assert line.count("|") == table, line
        else:
            table = None
    assert len(lines) < 120 and len(HOSTILE) == 8


def test_the_command_line(command, run, tmp_path):
    add_generation(run, 0.0)
    for words, message in [([], "--output"), (["-o", "x.pdf"], "html, md or json"), (["-o", "x", "--format", "pdf"], "html, md and json"),
                           (["-o", tmp_path], "ending")]:
        done = command("report", run, *words)
        assert done.returncode == 2 and message in done.stderr, done.stderr
    assert command("report", tmp_path / "none", "-o", "x.md").returncode == 1
    (tmp_path / "folder.html").mkdir()
    done = command("report", run, "-o", tmp_path / "folder.html")
    assert done.returncode == 2 and "is a folder" in done.stderr
    (tmp_path / "file").write_text("")
    assert command("report", run, "-o", tmp_path / "file" / "x.md").returncode == 1


def test_no_room_leaves_the_old_file(run, tmp_path):
    add_generation(run, 0.0)
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "x.html"
    target.write_text("old")

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    done = subprocess.run([COMMAND, "report", str(run), "-o", str(target)], preexec_fn=little_room, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1 and "File too large" in done.stderr, done.stderr
    assert target.read_text() == "old" and os.listdir(tmp_path / "out") == ["x.html"]


def test_full_disk_on_standard_output(run):
    add_generation(run, 0.0)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([COMMAND, "report", str(run), "-o", "-"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "No space left" in done.stderr
