"""What the cold-start figures lean on: the emulator's log, and packages that are compiled."""

import py_compile
import sys
from pathlib import Path

import pytest

from tests.bench.cold_start import NotCompiled, require_compiled
from tests.bench.interpreter import probe
from tests.bench.packages import environment_of
from tests.bench.runtime_emulator import EmulatorAbsent, InitFailed, find_binary, parse_init_ms

STARTED = "22 Nov 2026 10:00:00,100 [INFO] (rapid) INIT RTDONE(status: success)\n"
REPORTED = "22 Nov 2026 10:00:00,100 [INFO] (rapid) INIT REPORT(durationMs: 295.780000)\n"
FAILED = STARTED.replace("success", "error")


@pytest.mark.parametrize(
    ("log", "expected_ms"),
    [
        ("", None),
        (STARTED, None),
        (STARTED + REPORTED, 295.78),
        ("INIT_REPORT Init Duration: 12.50 ms\tPhase: init\tStatus: success\n", 12.5),
        ("INIT REPORT(initType: on-demand, durationMs: 9.25, status: success)\n", 9.25),
        # the emulator's closing line carries a wrong Init Duration: never read
        ("REPORT RequestId: 1\tInit Duration: 0.04 ms\tDuration: 297.05 ms\n", None),
    ],
)
def test_the_duration_of_the_first_init_is_read(log: str, expected_ms: float | None) -> None:
    assert parse_init_ms(log) == expected_ms


@pytest.mark.parametrize(
    "log",
    [
        FAILED + REPORTED,
        FAILED + REPORTED + STARTED + REPORTED,
        "INIT_REPORT Init Duration: 12.50 ms\tPhase: init\tStatus: error\n",
    ],
)
def test_a_function_that_did_not_start_has_no_duration(log: str) -> None:
    with pytest.raises(InitFailed):
        parse_init_ms(log)


def test_a_package_must_have_been_compiled_for_good(tmp_path: Path) -> None:
    interpreter = probe(sys.executable, "host")
    source = tmp_path / "handler.py"
    source.write_text("answer = 42\n")
    with pytest.raises(NotCompiled, match="no bytecode"):
        require_compiled(tmp_path, interpreter)
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    with pytest.raises(NotCompiled, match="checked against its source"):
        require_compiled(tmp_path, interpreter)
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    require_compiled(tmp_path, interpreter)


def test_a_function_gets_its_own_variables_over_the_global_ones() -> None:
    template = {
        "Parameters": {"Days": {"Default": 180}, "Stage": {"Type": "String"}},
        "Globals": {"Function": {"Environment": {"Variables": {"STAGE": {"Ref": "Stage"}}}}},
        "Resources": {
            "QueueSendMail": {
                "Properties": {
                    "Environment": {
                        "Variables": {
                            "ORDER_TOKEN_DAYS": {"Ref": "Days"},
                            "ORDERS_TABLE": {"Fn::GetAtt": ["Tables", "Outputs.Orders"]},
                            "NAME": "mail",
                        }
                    }
                }
            }
        },
    }
    assert environment_of("QueueSendMail", template) == {
        "STAGE": "placeholder",
        "ORDER_TOKEN_DAYS": "180",
        "ORDERS_TABLE": "placeholder",
        "NAME": "mail",
    }


def test_a_missing_emulator_is_said(tmp_path: Path) -> None:
    with pytest.raises(EmulatorAbsent):
        find_binary(tmp_path)
