"""Chunks and the names by which codes are found in them."""

import pytest

from scrip.domain.directory import Directory
from scrip.domain.stock import (
    Batch,
    ChunkRef,
    Pick,
    SealedCode,
    batch_of_lane,
    came_back,
    lane_of,
    return_lane,
    unit_key,
    units_picked,
)


def test_a_lane_tells_its_batch() -> None:
    lanes = [lane_of("0a1b2c3d4e"), lane_of("0a1b2c3d4e", 7), return_lane("0a1b2c3d4e")]

    assert lanes == ["0a1b2c3d4e", "0a1b2c3d4e.7", "0a1b2c3d4e.r"]
    assert {batch_of_lane(lane) for lane in lanes} == {"0a1b2c3d4e"}
    assert {ChunkRef(lane, 0, 0).batch_id for lane in lanes} == {"0a1b2c3d4e"}
    assert [came_back(lane) for lane in lanes] == [False, False, True]


def test_a_line_that_let_go_claims_under_other_names() -> None:
    assert unit_key("7K2M9Q4XTB3WHD5N", 3, 1) == "7K2M9Q4XTB3WHD5N.3.1"
    assert unit_key("7K2M9Q4XTB3WHD5N", 3, 1, 1) == "7K2M9Q4XTB3WHD5N+3+1"


def test_a_unit_has_a_name_of_its_own() -> None:
    names = {unit_key("7K2M9Q4XTB3WHD5N", line, unit) for line in range(20) for unit in range(50)}

    assert len(names) == 1000
    assert max(map(len, names)) == 22


def test_picks_add_up() -> None:
    chunk = ChunkRef("batch00000", 0, 0)

    assert units_picked([Pick(chunk, 0, 2), Pick(chunk, 2, 1)]) == 3
    assert units_picked([]) == 0


@pytest.mark.parametrize("kind", [SealedCode, Batch, Directory])
def test_stock_is_frozen(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
