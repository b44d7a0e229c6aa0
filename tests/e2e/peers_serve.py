"""The dashboard in Chromium: it lives, it can be used by everybody, and nothing that a run holds is executed."""
import json
import pathlib
import time

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
                            ("prompt_token_count", 20.0), ("cost_usd", 0.0125), (f"evaluation_score_{HOSTILE}", 0.7)):
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
        generations = page.locator(".fact", has_text="Calls").locator("dd").first
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


def test_runs_appear_by_themselves(browser, tmp_path):
    with serve(tmp_path) as served:
        page = open_page(browser, served.url)
        page.get_by_text("There is no run yet").wait_for()
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / ".afmon").mkdir()
        row = page.locator(".runs tbody tr", has_text="new")
        expect(row).to_contain_text("waiting", timeout=WAIT_MS)
        expect(row).to_contain_text("No data")
        row.get_by_role("link").click()
        page.get_by_text("no samples yet").wait_for()
        fill(Run(tmp_path / "new"), 10)
        expect(page.locator(".fact", has_text="Calls").locator("dd").first).to_have_text("10", timeout=WAIT_MS)
        page.locator(".uplot canvas").nth(3).wait_for()
        check(page)


def test_runs_are_called_and_searched(browser, tmp_path):
    for name in ("one", "two"):
        run = Run(tmp_path / name)
        fill(run, 5)
        run.add_text('2026-11-23 09:00:00,000 - {"message": "Run record", "session": "00000000000000aa", "name": "' + name + HOSTILE
                     + '", "note": "note ' + HOSTILE + '", "tags": {"side": "' + name + HOSTILE + '"}, "level": "info"}\n', "afterimage.log")
    with serve(tmp_path) as served:
        ids = [served.the_run(name) for name in ("one", "two")]
        page = open_page(browser, served.url)
        rows = page.locator(".runs tbody tr")
        expect(rows).to_have_count(2, timeout=WAIT_MS)
        page.get_by_label("Search runs by name, tag or note").fill("SIDE=two")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(f"two{HOSTILE} twoside=two{HOSTILE}")
        check(page)
        page.goto(f"{served.url}/#/run/{ids[0]}")
        expect(page.get_by_role("heading", level=1)).to_have_text(f"one{HOSTILE}", timeout=WAIT_MS)
        expect(page.locator(".called")).to_have_text(f"oneside=one{HOSTILE}note {HOSTILE}")
        check(page)


def loading(served, name):
    """What the server sends of a run of which a third is read yet."""
    run = {**served.json(f"/api/v1/runs/{served.the_run(name)}"), "loaded": 0.34, "plan": {"planned": 90, "done": 30, "per_s": 2.0, "eta_s": 30.0}}
    return lambda route: route.fulfill(content_type="text/event-stream", body=f"retry: 100000\nevent: run\ndata: {json.dumps(run)}\n\n")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_what_is_not_read_yet_is_said(browser, tmp_path, theme, width):
    fill(Run(tmp_path / "run"))
    with serve(tmp_path) as served:
        page = open_page(browser, served.url, color_scheme=theme, viewport={"width": width, "height": 844})
        page.route("**/stream", loading(served, "run"))
        page.goto(f"{served.url}/#/run/{served.the_run()}")
        page.get_by_text("Loading: 34% of the run has been read, its newest part first.").wait_for()
        expect(page.get_by_role("progressbar", name="Part of the run")).to_have_js_property("value", 0.34)
        page.get_by_text("30 of 90 (33.3%)").wait_for()
        page.locator(".uplot canvas").nth(3).wait_for()
        check(page)


def test_a_build_without_charts_says_so(browser, tmp_path):
    fill(Run(tmp_path / "run"))
    with serve(tmp_path) as served:
        page = open_page(browser, served.url)
        page.route("**/uPlot.iife.min.js", lambda route: route.fulfill(status=404))
        page.goto(f"{served.url}/#/run/{served.the_run()}")
        page.get_by_text("This build of afmon has no charts: run tools/fetch uplot").wait_for()
        page.get_by_role("heading", name="Operations").wait_for()
        check(page)


def test_the_report_opens(browser, tmp_path):
    fill(Run(tmp_path / "run"))
    with serve(tmp_path) as served:
        page = open_page(browser, f"{served.url}/#/run/{served.the_run()}")
        with page.expect_popup() as popup:
            page.get_by_role("link", name="Report").click()
        popup.value.get_by_text("Written by afmon").wait_for()
        assert not page.trouble


def test_the_log_is_searched(browser, tmp_path):
    run = Run(tmp_path / "run")
    fill(run)
    for i in range(3):
        run.add_text(f'2026-11-23 09:00:0{i},500 - {{"message": "Generation metrics", "data": {{"success": true, "n": {i}}}, "level": "info"}}\n', "afterimage-2.log")
    with serve(tmp_path) as served:
        page = open_page(browser, f"{served.url}/#/run/{served.the_run()}")
        log = page.get_by_label("Log lines, the latest first").locator("li")
        expect(log).to_have_count(1)
        expect(log).to_contain_text("<script>alert(2)</script>")
        page.get_by_label("also what went well").check()
        expect(log).to_have_count(4)
        assert page.locator(".log .message").all_text_contents() == ["Generation metrics", "Generation metrics", "Generation metrics", HOSTILE]
        page.get_by_label("also what went well").uncheck()
        page.get_by_label("Text").fill("ALERT(2)")
        page.keyboard.press("Enter")
        page.get_by_text("1 lines").wait_for()
        check(page)


# The page keeps its charts to itself; the test looks over the shoulder of the library.
PLOTS = """(() => {
  let made = null;
  window.plots = [];
  const keep = { construct(target, words) { const plot = new target(...words); window.plots.push(plot); return plot; } };
  Object.defineProperty(window, "uPlot", { get: () => made, set: (real) => { made = new Proxy(real, keep); } });
})();"""


def test_two_runs_in_figures(browser, tmp_path):
    fill(Run(tmp_path / "one"), 10)
    fill(Run(tmp_path / "two"), 20)
    Run(tmp_path / "two").add("success_rate", 0.0, at=20)
    with serve(tmp_path) as served:
        page = open_page(browser, served.url)
        page.get_by_label("Compare one").check()
        page.get_by_label("Compare two").check()
        page.get_by_role("button", name="Compare two runs").click()

        def row(name):
            return page.locator(".figures tr", has=page.get_by_role("rowheader", name=name, exact=True))

        expect(row("Calls")).to_contain_text("1021+110.0%", timeout=WAIT_MS)
        expect(row("Calls failed")).to_contain_text("20.0%23.8%+3.8 points")
        check(page)


def wait_until(page, condition, argument=None, seconds=60):
    """As page.wait_for_function, which evaluates a text from within the page from its second look on: ours forbids that."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition, argument):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(100)


def test_two_runs_have_the_same_axes(browser, tmp_path):
    for name, time, tokens in (("quick", 0.5, 10_000.0), ("slow", 40.0, 10_001.0)):
        for i in range(30):
            Run(tmp_path / name).add("generation_time", time, at=i)
            Run(tmp_path / name).add("success_rate", 1.0, at=i)
            Run(tmp_path / name).add("prompt_token_count", tokens, at=i)
    with serve(tmp_path) as served:
        page = open_page(browser, "about:blank")
        page.add_init_script(PLOTS)
        page.goto(f"{served.url}/#/compare/{served.the_run('quick')}/{served.the_run('slow')}")
        latency = """() => window.plots.filter((p) => p.root.isConnected && p.series[1].label === "p50").map((p) => p.scales.y.max)"""
        wait_until(page, f"() => ({latency})().filter((most) => most > 40).length === 2")
        one, other = page.evaluate(latency)
        assert one == other < 60
        expect(page.locator(".figures tr", has_text="Prompt tokens")).to_contain_text("about the same")
        assert not page.trouble


def test_what_a_run_cost(browser, tmp_path):
    run = Run(tmp_path / "run")
    run.add_text('2026-11-23 09:00:00,000 - {"message": "Run plan", "planned": 10, "done": 0, "kind": "row", "level": "info"}\n', "afterimage.log")
    for item in range(4):
        run.add("item_started", 1.0, at=item, kind="row", item_id=item)
        run.add("cost_usd", 0.25, at=item + 0.5, operation="ask", model_name="m", item_id=item)
        run.add("item_time", 0.5, at=item + 0.5, kind="row", item_id=item, outcome="accepted" if item else "failed", attempts=1)
    with serve(tmp_path) as served:
        page = open_page(browser, f"{served.url}/#/run/{served.the_run('run')}")
        expect(page.locator(".fact", has_text="Cost")).to_contain_text("$1.00about $2.50 in all")
        table = page.locator("section", has=page.get_by_role("heading", name="Cost", exact=True))
        for row, cells in (("All priced calls", "$1.00"), ("At the end of the plan, about", "$2.50"), ("rows", "$1.00$0.750$0.250$0.333"), ("m", "$1.00")):
            expect(table.get_by_role("row", name=row).first).to_contain_text(cells)
        expect(page.locator("figure", has_text="Spent, in US dollars")).to_contain_text("spent $1.00")
        assert not page.trouble


def test_a_hidden_page_lets_go_of_its_stream(browser, tmp_path):
    fill(Run(tmp_path / "run"))
    with serve(tmp_path) as served:
        page = open_page(browser, "about:blank")
        page.clock.install()
        page.goto(f"{served.url}/#/run/{served.the_run()}")
        page.get_by_text("Live", exact=True).wait_for()
        hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }"
        page.evaluate(hide, True)
        page.clock.run_for(11_000)
        page.get_by_text("Paused").wait_for()
        served.until("/api/v1/status", lambda status: status["streams"] == 0)
        page.evaluate(hide, False)
        page.get_by_text("Live", exact=True).wait_for()


def go_to(page, wanted, key="Tab"):
    """Presses the key until the element has the focus."""
    wanted.first.wait_for()
    for _ in range(60):
        page.keyboard.press(key)
        if wanted.first.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{key} does not lead to {wanted}")


def press(page, wanted, key, way="Tab"):
    go_to(page, wanted, way)
    page.keyboard.press(key)


def first_chart(page):
    return page.locator(".uplot canvas").first.evaluate("(canvas) => canvas.toDataURL()")


def test_the_keyboard_is_enough(browser, tmp_path):
    """Nothing but keys, from the list of runs to a line of the log."""
    for name in ("one", "two"):
        fill(Run(tmp_path / name))
        Run(tmp_path / name).add("success_rate", 1.0, at=1200)  # longer than ten minutes: there is a period to choose
    with serve(tmp_path) as served:
        served.the_run("one")
        served.the_run("two")
        page = open_page(browser, served.url)
        page.get_by_label("Compare two").wait_for()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        for name in ("two", "one"):  # as the list has them: the latest first
            press(page, page.get_by_label(f"Compare {name}"), "Space")
            expect(page.get_by_label(f"Compare {name}")).to_be_checked()
        press(page, page.get_by_role("button", name="Compare two runs"), "Enter", "Shift+Tab")
        page.get_by_role("heading", name="Two runs side by side").wait_for()
        page.locator(".figures").get_by_text("Calls failed").wait_for()

        theme = page.get_by_role("button", name="Theme")
        press(page, theme, "Space", "Shift+Tab")
        expect(theme).to_have_text("Theme: light")
        page.keyboard.press("Enter")
        expect(theme).to_have_text("Theme: dark")

        press(page, page.get_by_role("link", name="Runs", exact=True), "Enter")
        press(page, page.get_by_role("link", name="one", exact=True), "Enter")
        page.get_by_role("heading", name="one", level=1).wait_for()
        go_to(page, page.get_by_label("Whole run"))
        page.locator(".uplot canvas").nth(3).wait_for()
        whole = first_chart(page)
        page.keyboard.press("ArrowRight")
        expect(page.get_by_label("Last 5 minutes")).to_be_checked()
        wait_until(page, "(whole) => document.querySelector('.uplot canvas').toDataURL() !== whole", whole)
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_label("Whole run")).to_be_checked()

        level = page.get_by_label("Level", exact=True)
        press(page, level, "ArrowDown")
        expect(level).to_have_value("warning")
        go_to(page, page.get_by_label("Text"), "Shift+Tab")
        page.keyboard.type("nothing like it")
        page.keyboard.press("Enter")
        page.get_by_text("0 lines").wait_for()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("ALERT(2)")
        press(page, page.get_by_role("button", name="Search"), "Space")
        page.get_by_text("1 lines").wait_for()
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
