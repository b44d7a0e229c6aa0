"""A frozen file system (fsfreeze, snapshots of a volume manager): how long a record call is held, and that nothing is lost."""

import os
import shutil
import subprocess
import time

import pytest

import rounds

FROZEN_S = 1.0 if os.environ.get("AFMON_TEST_SHORT") == "1" else 3.0


def freeze(folder, how):
    subprocess.run(["fsfreeze", how, str(folder)], check=True, timeout=60)


def wait_for_more(acks, than, seconds=60):
    """Waits until every stream of that time has gone on; how long that took."""
    begin = time.monotonic()
    while any(now <= before for now, before in zip(rounds.acknowledged(acks), than)):
        assert time.monotonic() - begin < seconds, "a stream does not go on"
        time.sleep(0.005)
    return time.monotonic() - begin


@pytest.mark.parametrize("file_system", ["ext4", "xfs", "btrfs"], indirect=True)
@pytest.mark.parametrize("policy", ["wait", "drop"])
def test_a_frozen_file_system_holds_calls_and_loses_nothing(file_system, tmp_path, policy, record_property):
    """Threads are held inside of a record call, whatever the policy: that no bound can be had is said in docs/reliability.md.
    When it is thawed each goes on, and what was acknowledged is there once."""
    if shutil.which("fsfreeze") is None:
        pytest.skip("fsfreeze is not here")
    folder, acks = file_system / "run", tmp_path / "acks"
    process = rounds.start(folder, acks, 4, "a", *([] if policy == "wait" else ["drop"]))
    try:
        wait_for_more(acks, [0] * 4)
        freeze(file_system, "--freeze")
        begin = time.monotonic()
        try:
            time.sleep(0.2)
            held = rounds.acknowledged(acks)
            time.sleep(FROZEN_S - 0.2)
            still = rounds.acknowledged(acks)
        finally:
            freeze(file_system, "--unfreeze")
        frozen_s = time.monotonic() - begin
        after_s = wait_for_more(acks, still)
        time.sleep(0.3)
    finally:
        rounds.kill(process)
    stood_still = sum(now == before for now, before in zip(still, held))
    print(f"{policy}: frozen for {frozen_s:.2f} s, {stood_still} of 4 threads held from 0.2 s on, "
          f"going on {after_s:.2f} s after the thaw")
    record_property("going_on_after_s", after_s)
    assert subprocess.run([rounds.AFMON, "recover", str(folder)], capture_output=True).returncode == 0
    assert rounds.check(folder, "a", rounds.acknowledged(acks)) > sum(still)
