"""Every place in afterimage's source that touches a monitor has been reached by the tests before this one."""
import places
import pytest


@pytest.mark.after_all
def test_every_place_that_touches_a_monitor_was_reached():
    assert len(list(places.all_places())) >= 70  # of 0.18.1: 79
    assert list(places.missing()) == []


def test_the_peer_calls_nothing_that_we_do_not_have():
    import afmon

    assert {method for *_, method, _ in places.all_places()} <= places.METHODS
    assert all(callable(getattr(afmon.GenerationMonitor, method)) for method in places.METHODS)
