"""What the client and the server say went wrong, as `CopyFailed`: by code and status alone.

Their texts can hold names of keys, addresses and lines of configuration.
"""

import re
from collections.abc import Callable
from typing import Any

from audit.objects.failure import CopyFailed

_CODE = re.compile(r"[A-Za-z0-9.]{1,64}")
_SERVER_ERROR = 500
_SLOW_DOWN = 429
_REDIRECTS = range(300, 400)
_DENIED = frozenset({401, 403})
_CODES = {
    "NoSuchBucket": "copy.no_bucket",
    "BadDigest": "copy.checksum",
    "XAmzContentSHA256Mismatch": "copy.checksum",
    "PermanentRedirect": "copy.redirected",
    "AuthorizationHeaderMalformed": "copy.redirected",
    "RequestTimeout": "copy.unavailable",
    "SlowDown": "copy.unavailable",
}


def answered(what: str, call: Callable[[], Any], expected: frozenset[str] = frozenset()) -> Any:
    """Return what a call of the client returns; None for a refusal of an expected code.

    Args:
        what: is asked, for the message.
        call: asks.
        expected: the server's codes.

    Raises:
        CopyFailed: any other failure.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        return call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in expected:
            return None
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        said = code if _CODE.fullmatch(code) else "?"
        raise CopyFailed(_meaning(code, status), f"{what}: {said}, status {status}") from None
    except NoCredentialsError:
        raise CopyFailed("copy.credentials", f"{what}: there are no credentials") from None
    except (BotoCoreError, ResponseParserError, HTTPError, ValueError) as error:
        raise CopyFailed("copy.unavailable", f"{what}: {type(error).__name__}") from None


def _meaning(code: str, status: int) -> str:
    if code in _CODES:
        return _CODES[code]
    if status >= _SERVER_ERROR or status == _SLOW_DOWN:
        return "copy.unavailable"
    if status in _REDIRECTS:
        return "copy.redirected"
    return "copy.denied" if status in _DENIED else "copy.refused"
