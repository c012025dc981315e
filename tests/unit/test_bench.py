import subprocess
import sys
import time

from tests.perf.watch import ProcessWatch, process_name

BUSY = """
import time
until = time.process_time() + 0.8
while time.process_time() < until:
    pass
"""


def test_the_watch_sees_what_a_child_spends_and_when() -> None:
    watch = ProcessWatch(interval=0.02)
    watch.start()
    before = time.time()
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    between = time.time()
    time.sleep(0.2)
    after = time.time()
    watch.stop()
    # On a busy machine the last sample may come late, and what the child spends after it is not seen.
    assert watch.cpu_between(before, between) > 0.3
    assert watch.cpu_between(between, after) < watch.cpu_between(before, between)


def test_the_watch_follows_a_process_that_left_its_parent_and_survives_its_end() -> None:
    watch = ProcessWatch(interval=0.02)
    child = subprocess.Popen([sys.executable, "-c", BUSY, "engage_cli.local.server"])
    watch.follow(child.pid)
    watch.start()
    began = time.time()
    child.wait()
    time.sleep(0.1)
    peaks = watch.stop()
    assert watch.cpu_between(began, time.time()) > 0.3
    assert peaks["endpoint"] > 1_000_000


def test_processes_are_told_apart_by_their_command_lines() -> None:
    assert process_name(["python", "-m", "training"]) == "task training"
    assert process_name(["python", "-m", "tests.perf.floor", "raw"]) == "floor"
    assert process_name([sys.executable, "-m", "engage_cli", "deploy"]) == "engage deploy"
    assert process_name(["vim"]) is None
