"""What leaves the process in log lines, and what must not."""

import asyncio
import io
import logging
from datetime import UTC, datetime

import orjson
import pytest
import structlog
from prometheus_client.exposition import generate_latest

from bot import telemetry

NOON = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
# Check digit not valid: it belongs to nobody.
ID_NUMBER = "110105194912310021"
OPENID = "oAbCdEfGhIjKlMnOpQrStUvWxYz0"


@pytest.fixture
def lines():
    stream = io.BytesIO()
    before = logging.root.handlers, logging.root.level, telemetry.LINES.clock
    telemetry.configure(level="info", clock=lambda: NOON, stream=stream)
    yield lambda: [orjson.loads(line) for line in stream.getvalue().splitlines()]
    telemetry.LINES.stream = None
    logging.root.handlers, telemetry.LINES.clock = before[0], before[2]
    logging.root.setLevel(before[1])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (f"身份证 {ID_NUMBER}。", "身份证 ***。"),
        ("11010519491231002X", "***"),
        ("电话13812345678，", "电话***，"),
        (13812345678, "***"),
        (OPENID, "***"),
        ("access_token=abc.def&x=1", "access_token=***&x=1"),
        ('{"session_key": "q+w=="}', '{"session_key": "***"}'),
        ("postgres://credit:hunter2@db:5432/credit", "postgres://***@db:5432/credit"),
        (
            {"name": "甲", "openid": "x", "deep": [{"AppSecret": "y"}]},
            {"name": "甲", "openid": "***", "deep": [{"AppSecret": "***"}]},
        ),
        ("91330100MA2XXXXX0X", "91330100MA2XXXXX0X"),
        (1772337600000, 1772337600000),
        (True, True),
        ("half \udc80", "half ?"),
        ("x" * 600, "x" * 500 + "…"),
    ],
)
def test_the_net_masks_secrets_and_personal_numbers_and_nothing_else(lines, value, written):
    structlog.get_logger().info("seen", value=value)

    assert lines()[0]["value"] == written


@pytest.mark.parametrize("key", ["access_token", "oa_secret", "openid", "phone", "id_card", "body"])
def test_a_key_that_names_a_secret_is_masked_whatever_it_holds(lines, key):
    structlog.get_logger().info("seen", **{key: "anything"})

    assert lines() == [
        {"event": "seen", key: "***", "level": "info", "timestamp": NOON.isoformat()}
    ]


def test_an_exception_is_written_without_the_values_of_variables(lines):
    def fail() -> None:
        local_secret = "marker-of-a-local"  # noqa: F841  # must not be written
        raise ValueError(f"no such id {ID_NUMBER}")

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("crashed")

    [line] = lines()
    assert line["error"] == "ValueError: no such id ***"
    assert [frame.rpartition(" ")[2] for frame in line["stack"]][-1] == "fail"
    assert "marker-of-a-local" not in str(line)


def test_what_libraries_log_comes_out_as_the_same_lines(lines):
    logging.getLogger("some.library").warning("token=%s", "abc")
    logging.getLogger("some.library").info("chatter")

    assert lines() == [
        {
            "event": "token=***",
            "level": "warning",
            "logger": "some.library",
            "timestamp": NOON.isoformat(),
        }
    ]


def test_nothing_below_the_level_is_written(lines):
    structlog.get_logger().debug("whisper")

    assert lines() == []


def test_a_full_disk_loses_lines_and_nothing_else():
    def lost() -> float:
        return telemetry.REGISTRY.get_sample_value("log_lines_lost_total") or 0

    before = lost()
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123  # a device, not a file
        telemetry.LINES.stream = full
        telemetry.LINES.write(b"{}")
        telemetry.LINES.stream = None

    assert lost() == before + 1


async def test_lines_of_one_turn_are_written_together_and_every_one_of_them(lines):
    write = telemetry.answered(method="GET", route='/"odd"', status=200)
    for number in range(telemetry.AT_ONCE + 2):
        write(number / 1000)
    at_once = len(lines())
    await asyncio.sleep(0)

    told = lines()
    assert (at_once, len(told)) == (telemetry.AT_ONCE, telemetry.AT_ONCE + 2)
    assert [line["ms"] for line in told] == [float(one) for one in range(telemetry.AT_ONCE + 2)]
    assert {(line["route"], line["timestamp"]) for line in told} == {('/"odd"', NOON.isoformat())}


def test_a_loop_that_ends_too_early_keeps_no_later_line_back(lines):
    write = telemetry.answered(method="GET", route="/", status=200)
    stopped = asyncio.new_event_loop()
    stopped.call_soon(lambda: (stopped.stop(), write(0.001)))
    stopped.run_forever()
    stopped.close()
    before = len(lines())

    async def later() -> None:
        write(0.002)
        await asyncio.sleep(0)

    asyncio.run(later())

    assert (before, [line["ms"] for line in lines()]) == (0, [1.0, 2.0])


def test_durations_are_told_as_the_library_would_tell_them():
    buckets, taken = (0.005, 0.1, 1), (0.001, 0.005, 0.0051, 0.5, 7)
    ours = telemetry.Durations("test_ours_seconds", "测试", ("route", "status"), buckets)
    theirs = telemetry.histogram(
        "test_theirs_seconds", "测试", ("route", "status"), buckets=buckets
    )

    for route in ("/a", '/"b"'):
        observe = ours.of(route, "2xx")
        for seconds in taken:
            observe(seconds)
            theirs.labels(route, "2xx").observe(seconds)

    said = generate_latest(telemetry.REGISTRY).decode().splitlines()
    told = {
        name: [line.replace(name, "") for line in said if name in line and "_created" not in line]
        for name in ("test_ours", "test_theirs")
    }
    assert len(told["test_ours"]) == 2 + 2 * (len(buckets) + 3)
    assert told["test_ours"] == told["test_theirs"]
