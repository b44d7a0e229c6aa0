"""Charts, reports and summaries."""
import json
import io
import os
import re
import stat
import xml.etree.ElementTree

import afmon
import pytest

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def filled(monitor):
    for i in range(40):
        monitor.track_generation(1.0 + i % 7, i % 9 != 0, model_name="m", prompt_token_count=10 + i,
                                 completion_token_count=20, total_token_count=30 + i,
                                 **({"error": "late", "error_type": "Timeout"} if i % 9 == 0 else {}))
        monitor.track_evaluation(0.5, True, "judge", {"quality": i / 40})
    return monitor


def size_of(png):
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_standard_charts_are_files_and_figures(filled, folder):
    figures = filled.visualize_metrics()
    names = ["success_error_rate", "generation_time", "token_usage", "evaluation_scores", "evaluation_time",
             "latency_heat_map"]
    assert list(figures) == names
    assert sorted(path.name for path in (folder / "plots").iterdir()) == sorted(f"{name}.png" for name in names)
    for name, figure in figures.items():
        assert isinstance(figure, afmon.Figure) and figure.name == name
        assert (folder / "plots" / f"{name}.png").read_bytes() == figure._repr_png_()


def test_only_charts_with_data(monitor, tmp_path):
    monitor.record_metric("generation_time", 1.0)
    assert list(monitor.visualize_metrics(tmp_path / "a" / "b")) == ["generation_time", "latency_heat_map"]
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == ["generation_time.png", "latency_heat_map.png"]


def test_no_data_is_a_warning_and_no_folder(monitor, folder):
    with pytest.warns(UserWarning, match="no data to draw"):
        assert monitor.visualize_metrics() == {}
    assert not (folder / "plots").exists()


def test_after_shutdown_and_from_a_recorded_run(filled, folder, tmp_path):
    filled.shutdown()
    assert len(filled.visualize_metrics(tmp_path / "live")) == 6
    assert len(afmon.visualize_metrics(folder)) == 6
    assert (folder / "plots" / "token_usage.png").exists()


def test_figure_shows_the_run_as_it_was(filled):
    figure = filled.plot_metric("generation_time")
    before = figure.draw()
    for _ in range(500):
        filled.record_metric("generation_time", 100.0)
    assert figure.draw() == before
    assert filled.plot_metric("generation_time").draw() != before


def test_savefig(filled, tmp_path):
    figure = filled.plot_metric("generation_time", figsize=(5, 4))
    figure.savefig(tmp_path / "new" / "chart.svg")
    assert xml.etree.ElementTree.parse(tmp_path / "new" / "chart.svg").getroot().tag.endswith("svg")
    figure.savefig(str(tmp_path / "chart.pdf"))
    assert (tmp_path / "chart.pdf").read_bytes().startswith(b"%PDF")
    figure.savefig(tmp_path / "chart.PNG", dpi=192, bbox_inches="tight")
    assert size_of((tmp_path / "chart.PNG").read_bytes()) == (960, 768)
    figure.savefig(tmp_path / "no-ending")
    assert size_of((tmp_path / "no-ending").read_bytes()) == (720, 576)
    into = io.BytesIO()
    figure.savefig(into, format="png", dpi="figure")
    assert into.getvalue() == (tmp_path / "no-ending").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["chart.PNG", "chart.pdf", "no-ending"]


def test_savefig_that_fails_leaves_nothing(filled, tmp_path):
    figure = filled.plot_metric("generation_time")
    (tmp_path / "taken.png").mkdir()
    with pytest.raises(OSError):
        figure.savefig(tmp_path / "taken.png")
    with pytest.raises(ValueError, match="png, svg, pdf"):
        figure.savefig(tmp_path / "chart.gif")
    assert [path.name for path in tmp_path.iterdir() if path.name != "run"] == ["taken.png"]


def test_savefig_keeps_what_is_no_regular_file(filled, tmp_path):
    figure = filled.plot_metric("generation_time")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "to-pipe.png").symlink_to("pipe.png")
    for name in ("pipe.png", "loop.png", "to-pipe.png"):
        with pytest.raises(OSError, match=f"{name}.* is no regular file and is not replaced; give another name"):
            figure.savefig(tmp_path / name)
    assert stat.S_ISFIFO((tmp_path / "pipe.png").lstat().st_mode)
    assert (tmp_path / "loop.png").is_symlink() and (tmp_path / "to-pipe.png").is_symlink()


def test_savefig_through_a_link_leaves_the_link(filled, tmp_path):
    figure = filled.plot_metric("generation_time")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "old.png").write_text("old")
    (tmp_path / "link.png").symlink_to("there/old.png")
    (tmp_path / "dangling.png").symlink_to("there/new.png")
    for link, real in (("link.png", "old.png"), ("dangling.png", "new.png")):
        figure.savefig(tmp_path / link)
        assert (tmp_path / link).is_symlink() and (tmp_path / "there" / real).read_bytes().startswith(PNG)
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["new.png", "old.png"]


def test_two_figures_in_one_notebook_have_no_id_in_common(filled):
    first, second = (set(re.findall(r'\bid="([^"]+)"', filled.plot_metric("generation_time")._repr_svg_()))
                     for _ in range(2))
    assert first and not first & second


def test_plot_metric_errors(monitor):
    with pytest.raises(ValueError, match="Metric nothing not found"):
        monitor.plot_metric("nothing")
    monitor.record_metric("odd", float("nan"))
    with pytest.raises(ValueError, match="No data for metric odd"):
        monitor.plot_metric("odd")
    monitor.record_metric("odd", 1.0)
    with pytest.raises(ValueError, match="in specified window"):
        monitor.plot_metric("odd", window=0)
    assert monitor.plot_metric("odd", window=None).draw().startswith(PNG)
    for wrong in ({"rolling_window": 0}, {"rolling_window": 2.5}, {"figsize": (0, 1)}, {"figsize": 3},
                  {"figsize": (1e9, 1)}, {"theme": "pink"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            monitor.plot_metric("odd", **wrong)
    with pytest.raises(TypeError):
        monitor.plot_metric(3)


def test_themes_and_rolling_windows_differ(filled):
    drawn = {filled.plot_metric("generation_time", None, rolling, theme=theme).draw("svg")
             for rolling in (2, 20) for theme in ("light", "dark")}
    assert len(drawn) == 4


def test_characters_without_a_font_warn(monitor):
    monitor.record_metric("a\U000e0100\U0010fffd", 1.0)
    with pytest.warns(UserWarning, match="font"):
        assert monitor.plot_metric("a\U000e0100\U0010fffd").draw().startswith(PNG)


def test_summary(filled, folder):
    filled.flush()
    summary = afmon.summary(folder)
    assert summary["verdict"] == "degraded"  # 12.5 % failed
    assert (summary["calls"]["count"], summary["calls"]["failed"], summary["items"]) == (40, 5, [])
    (failure,) = summary["failures"]
    assert (failure["error_type"], failure["count"], failure["items"], failure["share"]) == ("Timeout", 5, 0, 1.0)
    assert [model["model"] for model in summary["models"]] == ["m"]
    assert summary["scores"][0]["name"] == "quality" and summary["scores"][0]["score"]["count"] == 40
    assert summary["first"] <= summary["last"]


def test_summary_of_nothing(monitor):
    summary = monitor.view().summary()
    assert summary["verdict"] == "no_data" and summary["first"] is None and summary["models"] == []


def test_summary_has_the_alerts(monitor):
    for _ in range(4):
        monitor.track_generation(1.0, False)
    view = monitor.view()
    summary = view.summary()
    assert summary["verdict"] == "failed" and summary["reasons"] and summary == json.loads(view.summary_json())
    (alert,) = view.alerts()
    assert (alert.name, alert.level, alert.worst, alert.limit, alert.firing) == ("low_success_rate", "warning", 0.0, 0.8, True)
    assert [each["name"] for each in summary["alerts"]] == [alert.name]


def test_a_report_goes_by_the_rules_of_its_monitor(monitor, folder, tmp_path):
    monitor.track_generation(5.0, True)
    monitor.flush()
    assert afmon.open_run(folder).alerts() == []
    assert "Average generation time" not in monitor.report(tmp_path / "a.md").read_text()
    with afmon.GenerationMonitor(tmp_path / "strict", metrics_interval=0, alert_max_generation_time_seconds=4) as strict:
        strict.track_generation(5.0, True)
        assert "Average generation time" in strict.report(tmp_path / "b.md").read_text()
    (alert,) = afmon.open_run(tmp_path / "strict").alerts()
    assert (alert.name, alert.limit, alert.worst) == ("high_generation_time", 4.0, 5.0)
    assert afmon.summary(tmp_path / "strict")["verdict"] == "healthy"  # a warning changes no verdict
    with pytest.raises(TypeError, match="unknown limit 'max_time'; there are: min_success_rate"):
        afmon.check(folder, max_time=4)


def test_reports(filled, tmp_path):
    page = filled.report(tmp_path / "new" / "report.html", title="Run <7>")
    assert page.read_text().lower().startswith("<!doctype html") and "Run &#60;7&#62;</h1>" in page.read_text()
    assert filled.report(tmp_path / "report.md").read_text().startswith("#")
    assert afmon.report(filled.log_dir, tmp_path / "r.txt", format="md").read_text().startswith("#")
    with pytest.raises(ValueError):
        filled.report(tmp_path / "report.html", format="doc")
