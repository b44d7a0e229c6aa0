"""The Python in the documents runs; every public name has a docstring, a place in docs/python.md, and types."""
import ast
import dataclasses
import functools
import inspect
import pathlib
import re
import sys
import typing

import afmon
import afmon.monitoring
import pytest
from afmon import _afmon
from conftest import lines_of, run_python

ROOT = pathlib.Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
WHOLE = [ROOT / "README.md", ROOT / "docs" / "python.md", ROOT / "docs" / "prices.md", *GUIDES]
OTHERS = [path for path in sorted((ROOT / "docs").glob("*.md")) if path not in WHOLE]
PUBLIC = [name for name in afmon.__all__ if name != "__version__"]
CLASSES = [getattr(afmon, name) for name in PUBLIC if inspect.isclass(getattr(afmon, name))]


def examples(paths):
    return [pytest.param(code, id=f"{path.name}-{i}") for path in paths
            for i, code in enumerate(re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S))]


@pytest.mark.parametrize("code", examples(WHOLE))
def test_example_runs(code, tmp_path):
    returned, output = run_python(code, cwd=tmp_path)
    assert returned == 0 and "Warning" not in output, output


class Checked:
    """A monitor that is not opened: its arguments must be those of ours."""

    def __init__(self, *arguments, **kwargs):
        inspect.signature(afmon.GenerationMonitor).bind(*arguments, **kwargs)


@pytest.mark.parametrize("code", examples(OTHERS))
def test_fragment_names_what_is_there(code, monkeypatch):
    """Of a machine's addresses and the like: not opened."""
    monkeypatch.setattr(afmon, "GenerationMonitor", Checked)
    exec(code, {"afmon": afmon, "GenerationMonitor": Checked})


def test_there_are_examples():
    assert len(examples(WHOLE)) >= 4


@pytest.mark.parametrize("name", PUBLIC)
def test_docstring_and_document(name):
    thing = getattr(afmon, name)
    assert thing.__doc__ and not thing.__doc__.startswith(f"{name}("), f"{name} has no docstring"
    written = "".join(path.read_text(encoding="utf-8") for path in (*WHOLE, *OTHERS))
    assert re.search(rf"\b{name}\b", written), f"{name} is in no document"


def members(kind):
    fields = {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
    for name, member in inspect.getmembers(kind):
        if not name.startswith("_") and name not in fields:
            yield name, member


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_members_have_docstrings_and_types(kind):
    for name, member in members(kind):
        if getattr(kind, "_is_protocol", False) is False and kind not in (afmon.FileMetricHandler, afmon.FileLogHandler):
            assert inspect.getdoc(member), f"{kind.__name__}.{name} has no docstring"
        function = member.fget if isinstance(member, property) else member
        if inspect.isfunction(function):
            assert_typed(function)


@pytest.mark.parametrize("name", [name for name in PUBLIC if inspect.isfunction(getattr(afmon, name))])
def test_functions_have_types(name):
    assert_typed(getattr(afmon, name))


@functools.cache
def for_type_checkers(module):
    """What a module imports for these alone."""
    module = sys.modules[module]
    blocks = [node.body for node in ast.parse(inspect.getsource(module)).body
              if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"]
    names = {"__package__": module.__package__, "__name__": module.__name__}
    exec(compile(ast.Module([node for body in blocks for node in body], []), module.__file__, "exec"), names)
    return names


def assert_typed(function):
    typing.get_type_hints(function, localns=for_type_checkers(function.__module__))  # they can be found
    signature = inspect.signature(function)
    untyped = [parameter.name for parameter in signature.parameters.values()
               if parameter.annotation is parameter.empty and parameter.name not in ("self", "cls")]
    assert untyped == [] and signature.return_annotation is not signature.empty, function.__qualname__


def test_what_is_imported_later_is_there():
    """Each name where a type checker finds it, and no other."""
    for module in (afmon, afmon.monitoring):
        assert not [name for name in module.__all__ if not hasattr(module, name)]
        assert set(module._LATER) <= set(module.__all__)
        for name in module._LATER:
            assert getattr(module, name) is for_type_checkers(module.__name__)[name]
        with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'Alerts'"):
            module.Alerts


def stub():
    """{name: names within} of _afmon.pyi."""
    tree = ast.parse((pathlib.Path(afmon.__file__).parent / "_afmon.pyi").read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {item.name if isinstance(item, ast.FunctionDef) else item.target.id for item in node.body
                                if isinstance(item, (ast.FunctionDef, ast.AnnAssign))}
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = set()
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = set()
    return found


def test_stub_has_what_the_extension_has():
    there = {name for name in vars(_afmon) if not name.startswith("__")}
    assert stub().keys() == there
    for name, methods in stub().items():
        if inspect.isclass(getattr(_afmon, name)):
            assert methods == {method for method in vars(getattr(_afmon, name)) if not method.startswith("__")}


def test_public_methods_of_the_extension_tell_their_arguments():
    for name in ("record_metric", "track_generation", "track_evaluation"):
        method = getattr(afmon.GenerationMonitor, name)
        assert method.__doc__ and next(iter(inspect.signature(method).parameters)) == "self"


def test_stubs_name_the_arguments_of_record_calls(monitor, folder):
    """What the stubs name is none of the metadata; what they do not name is."""
    stub = ast.parse((pathlib.Path(afmon.__file__).parent / "_afmon.pyi").read_text())
    kinds = {"track_generation": (1.0, True), "track_evaluation": (1.0, True, "judge", {"a": 1.0})}
    methods = {node.name: node for node in ast.walk(stub) if isinstance(node, ast.FunctionDef) and node.name in kinds}
    named = {name: {argument.arg for argument in node.args.kwonlyargs} for name, node in methods.items()}
    item = monitor.item(1)
    for name, positional in kinds.items():
        assert len(methods[name].args.args) == len(positional) + 1 and len(named[name]) >= 7
        for argument in named["track_generation"] | {"shard"}:
            value = {"metadata": {"x": 1}, "item": item}.get(argument, "v" if argument in ("model_name", "finish_reason", "error", "error_type") else 400)
            getattr(monitor, name)(*positional, **{argument: value}, call=f"{name}:{argument}")
    monitor.flush()
    for line in lines_of(folder)[1:]:  # the first one is the item's
        name, argument = line["call"].split(":")
        if argument not in ("model_name", "error", "error_type", "metadata"):  # these stand on the samples themselves
            assert (argument in line) == (argument not in named[name]), line
