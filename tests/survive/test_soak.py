"""A short form of soak.py, which says what is done."""

import soak


def test_a_short_soak(tmp_path):
    looked_at, total = soak.soak(tmp_path / "run", tmp_path / "acks", seconds=4, every=1)
    assert total > 0
    for process in looked_at:  # a thread that ends and its heir may both hold a few
        assert max(process.descriptors) <= process.descriptors[0] + 4, f"{process.name}: {process.descriptors}"
