"""The dashboard in Chromium: it lives, it can be used by everybody, and nothing that a run holds is executed."""
import pathlib

import pytest
from playwright.sync_api import expect, sync_playwright

from conftest import Run
from served import serve

AXE = pathlib.Path(__file__).resolve().parents[2] / "subprojects" / "axe-core" / "axe.min.js"
HOSTILE = "<img src=x onerror=alert(1)>"
WAIT_MS = 30_000


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


def fill(run, count=30):
    for i in range(count):
        for name, value in (("success_rate", float(i % 5 > 0)), ("error_rate", float(i % 5 == 0)), ("generation_time", i / 7 + 0.1),
                            ("prompt_token_count", 20.0), (f"evaluation_score_{HOSTILE}", 0.7)):
            run.add(name, value, at=i, operation=HOSTILE, model_name=HOSTILE)
    run.add_text('2026-11-23 09:00:00,001 - {"message": "' + HOSTILE + '", "x": "<script>alert(2)</script>", "level": "error"}\n',
                 "afterimage.log")


def open_page(browser, address, **options):
    page = browser.new_page(**options)
    page.trouble = []
    page.on("dialog", lambda dialog: (page.trouble.append("dialog"), dialog.dismiss()))
    page.on("pageerror", lambda error: page.trouble.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(("http://127.0.0.1:", "data:")) else page.trouble.append(request.url))
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    return page


def check(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert not page.trouble


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_everybody_can_use_it(browser, tmp_path, theme, width):
    fill(Run(tmp_path / HOSTILE))
    fill(Run(tmp_path / "other"))
    with serve(tmp_path) as served:
        ids = [served.the_run(HOSTILE), served.the_run("other")]
        for place in ("", f"#/run/{ids[0]}", f"#/compare/{ids[0]}/{ids[1]}"):
            page = open_page(browser, f"{served.url}/{place}", color_scheme=theme, viewport={"width": width, "height": 844})
            page.get_by_text(HOSTILE).first.wait_for()
            if place:
                page.locator(".uplot canvas").nth(4).wait_for()
            check(page)
            page.close()


def test_it_lives_and_comes_back(browser, tmp_path):
    run = Run(tmp_path / "run")
    with serve(tmp_path) as served:
        port = served.port
        page = open_page(browser, served.url)
        page.get_by_text("Live", exact=True).wait_for()
        fill(run, 10)
        page.get_by_role("link", name="run").click()
        generations = page.locator(".fact", has_text="Generations").locator("dd").first
        expect(generations).to_have_text("10", timeout=WAIT_MS)
        fill(run, 5)
        expect(generations).to_have_text("15", timeout=WAIT_MS)
    page.get_by_text("Reconnecting").wait_for()
    fill(run, 1)
    with serve(tmp_path, port=port):
        page.get_by_text("Live", exact=True).wait_for()
        expect(generations).to_have_text("16", timeout=WAIT_MS)
        assert not page.trouble
        page.close()


def test_the_keyboard_is_enough(browser, tmp_path):
    fill(Run(tmp_path / "run"))
    with serve(tmp_path) as served:
        served.the_run()
        page = open_page(browser, served.url)
        page.get_by_role("link", name="run").wait_for()
        texts = []
        for _ in range(20):
            page.keyboard.press("Tab")
            texts.append(page.evaluate("document.activeElement.textContent"))
            if texts[-1] == "run":
                break
        assert texts[0] == "Skip to the content" and texts[-1] == "run"
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="run", level=1).wait_for()
        page.get_by_label("Text").focus()
        page.keyboard.type("nothing like it")
        page.keyboard.press("Enter")
        page.get_by_text("0 lines").wait_for()
        assert not page.trouble


def test_the_theme_is_kept(browser, tmp_path):
    with serve(tmp_path) as served:
        page = open_page(browser, served.url)
        page.get_by_role("button", name="Theme").click()
        page.get_by_role("button", name="Theme").click()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.reload()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_login(browser, tmp_path):
    (tmp_path / "token").write_text("correct-horse-battery")
    fill(Run(tmp_path / "run"))
    with serve(tmp_path, "--token-file", tmp_path / "token") as served:
        page = open_page(browser, served.url)
        expect(page.get_by_role("alert")).to_be_hidden()
        page.get_by_label("Token").fill("wrong-wrong-wrong-wrong")
        page.keyboard.press("Enter")
        page.wait_for_url("**/login#wrong")
        expect(page.get_by_role("alert")).to_be_visible()
        check(page)
        page.get_by_label("Token").fill("correct-horse-battery")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="run").wait_for()
        page.goto(f"{served.url}/?token=correct-horse-battery")
        page.get_by_role("link", name="run").wait_for()
        assert "token" not in page.url
