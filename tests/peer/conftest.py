"""The tests of afterimage's generators with our monitor. See tests/peer/places.py for what they must reach."""
import os

import noting
import pytest

os.environ.setdefault("TQDM_DISABLE", "1")


@pytest.fixture
def monitor(tmp_path):
    made = noting.Noting(tmp_path / "run")
    yield made
    made.shutdown()


def pytest_collection_modifyitems(config, items):
    """What all of them reached is asked last, and only where all of them ran."""
    last = [item for item in items if item.get_closest_marker("after_all")]
    items[:] = [item for item in items if item not in last]
    if not config.option.keyword and not any("::" in argument or argument.endswith(".py") for argument in config.args):
        items += last


def pytest_configure(config):
    for warning in (
        "ignore:Pydantic serializer warnings:UserWarning",  # afterimage's models declare `parsed: None`
        "ignore:coroutine 'connect_tcp:RuntimeWarning",  # its clients are not closed where a run ends early
    ):
        config.addinivalue_line("filterwarnings", warning)
    config.addinivalue_line("markers", "after_all: runs after all other tests")
