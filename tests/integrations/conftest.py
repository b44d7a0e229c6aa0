"""The integrations with the tools themselves (make test-integrations), against a server whose log says what happened."""
import pytest
from scripted import Scripted


@pytest.fixture
def server():
    with Scripted() as started:
        yield started
