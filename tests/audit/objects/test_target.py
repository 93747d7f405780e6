"""Places for copies: what is refused, and that one survives a command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.objects.target import Lock, Target

_NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{1,20}[a-z0-9]", fullmatch=True)


@settings(deadline=None)
@given(
    bucket=_NAMES,
    prefix=st.sampled_from(["", "a", "a/", "a/b.c/D_e-1/"]),
    endpoint=st.sampled_from([None, "https://s3.example", "http://127.0.0.1:9000", "http://[::1]:1/"]),
    region=st.none() | st.just("eu-central-1"),
    lock=st.sampled_from(Lock),
    days=st.integers(1, 36_500),
    file=st.none() | st.just(Path("/run/secrets/s3")),
)
def test_a_target_goes_through_a_command_line(
    bucket: str,
    prefix: str,
    endpoint: str | None,
    region: str | None,
    lock: Lock,
    days: int,
    file: Path | None,
) -> None:
    """What one process writes another reads."""
    target = Target(bucket, prefix, endpoint, region, lock, days, file)
    assert Target.parse(target.as_text()) == target
    assert str(target).startswith(f"s3://{bucket}/")


def test_what_differs_has_another_name() -> None:
    """A copy under another lock begins anew: objects may have to be locked for longer."""
    targets = [
        Target("bucket"),
        Target("bucket", "a"),
        Target("bucket", lock=Lock.NONE),
        Target("bucket", lock_days=401),
        Target("bucket", endpoint_url="https://s3.example"),
    ]
    assert len({each.name for each in targets}) == len(targets)
    assert Target("bucket", "a").name == Target("bucket", "a/").name


@pytest.mark.parametrize(
    "wrong",
    [
        {"bucket": "A"},
        {"bucket": "a/b"},
        {"bucket": "arn:aws:s3:::bucket"},
        {"prefix": "/a"},
        {"prefix": "a//b"},
        {"prefix": "../a"},
        {"prefix": "a b"},
        {"region": "EU Central"},
        {"endpoint_url": "http://s3.example"},
        {"endpoint_url": "https://user:word@s3.example"},
        {"endpoint_url": "https://s3.example/path"},
        {"endpoint_url": "https://s3.example?x"},
        {"endpoint_url": "https://s3.example:99999"},
        {"endpoint_url": "ftp://127.0.0.1"},
        {"endpoint_url": "s3.example"},
        {"lock_days": 0},
        {"lock_days": 36_501},
    ],
    ids=str,
)
def test_malformed_ones_are_refused(wrong: dict[str, Any]) -> None:
    """Before anything is sent anywhere."""
    with pytest.raises(ValueError):
        Target(**{"bucket": "bucket"} | wrong)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"bucket": 1}', "null"])
def test_other_texts_are_no_target(text: str) -> None:
    """They are refused in one way."""
    with pytest.raises(ValueError):
        Target.parse(text)
