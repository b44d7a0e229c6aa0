"""A plugin of pytest for afterimage's own tests: afmon.monitoring stands where afterimage.monitoring was, from before anything
of afterimage is imported."""
import sys

import afmon.monitoring
import pytest

sys.modules["afterimage.monitoring"] = afmon.monitoring
import afterimage  # noqa: E402

afterimage.monitoring = afmon.monitoring

# Tests that assert what we do otherwise on purpose, with the reason; docs/afterimage.md lists them. There is none.
DIFFERENT: dict[str, str] = {}


def pytest_collection_modifyitems(items):
    unknown = DIFFERENT.keys() - {item.nodeid for item in items}
    if unknown:
        raise pytest.UsageError(f"in_place.py: afterimage has no test {sorted(unknown)}")
    for item in items:
        if item.nodeid in DIFFERENT:
            item.add_marker(pytest.mark.skip(reason=DIFFERENT[item.nodeid]))


def pytest_sessionfinish(session):
    """Every module of afterimage that was imported must have had our class."""
    others = [name for name, module in sys.modules.items() if name.split(".")[0] == "afterimage"
              and getattr(module, "GenerationMonitor", afmon.GenerationMonitor) is not afmon.GenerationMonitor]
    if others:
        print(f"in_place.py: another GenerationMonitor was used by {others}", file=sys.stderr)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
