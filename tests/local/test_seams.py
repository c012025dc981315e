"""Every place where a part of ours is plugged into MiniStack still exists, and moves are noticed."""

from dataclasses import replace

import pytest

from engage_cli.local.seams import Seam, SeamMovedError, seams

pytestmark = pytest.mark.local


@pytest.mark.parametrize("seam", seams(), ids=lambda seam: seam.name.replace(" ", "-"))
def test_the_seam_fits_this_version_of_ministack(seam: Seam) -> None:
    seam.check()  # The endpoint is another process: in this one MiniStack is as it was delivered.


def test_seams_have_different_names_and_places() -> None:
    every = seams()
    assert len({seam.name for seam in every}) == len(every)
    assert len({seam.place for seam in every}) == len(every)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"module": "ministack.services.gone"}, "does not exist"),
        ({"attribute": "_gone"}, "does not exist"),
        ({"parameters": ("other",)}, "has the parameters"),
    ],
)
def test_a_seam_that_moved_is_named_with_the_version(change: dict[str, object], what: str) -> None:
    moved = replace(next(seam for seam in seams() if seam.name == "task stop"), **change)  # type: ignore[arg-type]
    with pytest.raises(SeamMovedError, match=rf"'task stop' does not fit MiniStack 1\.5\.33.*{what}"):
        moved.check()


def test_a_missing_entry_of_a_table_is_noticed() -> None:
    moved = replace(next(seam for seam in seams() if seam.name == "ecs:runTask"), keys=("arn:gone",))
    with pytest.raises(SeamMovedError, match="does not exist"):
        moved.check()
