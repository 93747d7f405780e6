"""Makes the S3 client: the one place that knows boto3, so that nobody pays for it who has no copies.

Proxies of the environment, endpoints of configuration files and redirects are not followed: what goes
elsewhere than the settings say would take the log, or its credentials, along.
"""

import configparser
from pathlib import Path
from typing import Any

from audit.objects.failure import CopyFailed
from audit.objects.target import Target

LANES = 8
"""Requests at once."""

_OTHERS = 0o077
_SECTION = "default"
_NAMES = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def connect(target: Target, *, attempts: int = 4, connect_s: float = 5.0, read_s: float = 20.0) -> Any:
    """Return an S3 client. It makes no connection yet, and is to be closed.

    Args:
        target: where to.
        attempts: tries of each request in all; pauses between them grow.
        connect_s: seconds for a connection.
        read_s: seconds of silence while an answer is awaited.

    Raises:
        CopyFailed: `copy.no_boto3`, `copy.credentials`.
    """
    try:
        import boto3  # noqa: PLC0415 - only a log with copies pays for it
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    except ImportError:
        raise CopyFailed("copy.no_boto3", "copies need boto3: pip install 'regent[s3]'") from None
    config = Config(
        connect_timeout=connect_s,
        read_timeout=read_s,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=LANES + 2,
        proxies={},
        ignore_configured_endpoint_urls=True,
        request_checksum_calculation="when_required",  # the SHA-256 is ours to state, and stated always
        response_checksum_validation="when_required",
        s3={
            # Servers of one's own rarely have a name for each bucket.
            "addressing_style": "auto" if target.endpoint_url is None else "path",
            "payload_signing_enabled": True,
        },
    )
    keys = {} if target.credentials_file is None else _credentials(target.credentials_file)
    try:
        session = boto3.session.Session(region_name=target.region, **keys)
        client = session.client("s3", endpoint_url=target.endpoint_url, config=config)
    except (BotoCoreError, ValueError) as error:
        raise CopyFailed("copy.credentials", f"no client can be made: {type(error).__name__}") from None
    client.meta.events.register("before-call.s3", _stay)
    return client


def _stay(context: dict[str, Any], **_: Any) -> None:
    """Have botocore take every request for one that was redirected already: it redirects none twice."""
    context.setdefault("s3_redirect", {})["redirected"] = True


def _credentials(path: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        if path.stat().st_mode & _OTHERS:
            raise CopyFailed("copy.credentials", f"{path} can be read by others than its owner")
        parser.read_string(path.read_text(encoding="utf-8"))
        found = {name: parser.get(_SECTION, name, fallback="") for name in _NAMES}
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        # The text of a parser's error shows the line, which may be the secret.
        raise CopyFailed("copy.credentials", f"{path} can't be read: {type(error).__name__}") from None
    if not found[_NAMES[0]] or not found[_NAMES[1]]:
        raise CopyFailed("copy.credentials", f"{path} has no {_NAMES[0]} and {_NAMES[1]} under [{_SECTION}]")
    return {name: value for name, value in found.items() if value}
