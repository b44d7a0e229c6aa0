"""Where afterimage touches a monitor: the calls `...monitor.METHOD(...)` in its source, and which of them have been made."""
import ast
import pathlib
import sys

import afterimage

ROOT = pathlib.Path(afterimage.__file__).parent
METHODS = {"check_alerts", "export_metrics", "get_metrics", "get_total_token_usage", "log_error", "log_info", "log_warning",
           "plot_metric", "record_metric", "save_metrics", "shutdown", "track_evaluation", "track_generation",
           "visualize_metrics"}

_made: set[tuple[str, int, str]] = set()


def _is_monitor(node):
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.lstrip("_") == "monitor"


def _text_of(call):
    """The text that a log call begins with, as a name for the place."""
    for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return ""


def all_places():
    """(file, first line, last line, method, text) of every call in afterimage's source."""
    for file in sorted(ROOT.rglob("*.py")):
        name = str(file.relative_to(ROOT))
        if name == "monitoring.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_monitor(node.func.value)
                    and not node.func.attr.startswith("__")):
                yield name, node.lineno, node.end_lineno, node.func.attr, _text_of(node)


def note(depth):
    """The place in afterimage from which the monitor is called just now, `depth` frames up."""
    frame = sys._getframe(depth)
    file = pathlib.Path(frame.f_code.co_filename)
    if file.is_relative_to(ROOT):
        _made.add((str(file.relative_to(ROOT)), frame.f_lineno, sys._getframe(depth - 1).f_code.co_name))


def missing():
    """The places from which no call came, as text."""
    for file, first, last, method, text in all_places():
        made = any((file, method) == (f, m) and first <= line <= last for f, line, m in _made)
        if not made:
            yield f"{file}:{first}: {method} {text!r}"
