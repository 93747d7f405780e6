"""`providers.aws.sign_req`: requests signed with AWS Signature Version 4; sends nothing.

The time of signing is an argument, so equal arguments have equal signatures.
The secret key is used and never shown: no error here has a value of an argument in it.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rego import gourl, utf8
from rego.builtins import encoding, strings
from rego.builtins.operands import number, object_, refuse, wrong_type
from rego.errors import OperandError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.values import Value

_REQUIRED: Final = ("aws_access_key", "aws_region", "aws_secret_access_key", "aws_service")
_IGNORED: Final = frozenset({"authorization", "user-agent", "x-amzn-trace-id"})
_HASHED: Final = frozenset({"s3", "glacier"})
_CONTENT_HASH: Final = "x-amz-content-sha256"
_INT64: Final = 2**63
_REQUEST_KEYS: Final = frozenset(
    {
        "method", "url", "body", "enable_redirect", "force_json_decode", "force_yaml_decode", "headers",
        "raw_body", "tls_use_system_certs", "tls_ca_cert", "tls_ca_cert_file", "tls_ca_cert_env_variable",
        "tls_client_cert", "tls_client_cert_file", "tls_client_cert_env_variable", "tls_client_key",
        "tls_client_key_file", "tls_client_key_env_variable", "tls_insecure_skip_verify", "tls_server_name",
        "timeout", "cache", "force_cache", "force_cache_duration_seconds", "raise_error", "caching_mode",
        "max_retry_attempts", "cache_ignored_headers",
    }
)  # fmt: skip


def request(value: Value, place: int) -> dict[Any, Value]:
    """Return an operand that is a request as `http.send` takes it: only known keys, and those it must have.

    Raises:
        OperandError: It is none.
    """
    found = object_(value, place)
    if found.keys() - _REQUEST_KEYS:
        raise OperandError(f"operand {place} invalid request parameters(s)")
    missing = {"method", "url"} - found.keys()
    if missing:
        raise OperandError(f"operand {place} missing required request parameters(s): {sorted(missing)}")
    return found


@dataclass(frozen=True, slots=True)
class _Signer:
    """Who signs, for which service and when."""

    access_key: str
    secret_key: str
    region: str
    service: str
    session_token: str
    moment: datetime

    @property
    def date(self) -> str:
        return f"{self.moment:%Y%m%d}"

    @property
    def timestamp(self) -> str:
        return f"{self.moment:%Y%m%dT%H%M%SZ}"

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    def authorization(self, canonical_request: bytes, signed_headers: str) -> str:
        digest = hashlib.sha256(canonical_request).hexdigest()
        key = _raw(f"AWS4{self.secret_key}")
        for part in (self.date, self.region, self.service, "aws4_request"):
            key = _mac(key, part)
        signature = _mac(key, f"AWS4-HMAC-SHA256\n{self.timestamp}\n{self.scope}\n{digest}").hex()
        return (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{self.scope},"
            f"SignedHeaders={signed_headers},Signature={signature}"
        )


def _sign_request(req: Value, config: Value, time_ns: Value) -> dict[Any, Value]:
    given, settings = object_(req, 1), object_(config, 1)
    signer = _signer(settings, time_ns)
    request(given, 1)
    headers = _headers(given)
    wrong = [name for name in ("url", "method") if type(given[name]) is not str]
    if wrong:
        raise OperandError(f"operand 1 invalid values for required request parameters(s): {wrong}")
    try:
        url = gourl.parse(given["url"])
    except gourl.URLError as error:
        raise refuse(str(error)) from error
    content_hash = _content_hash(given, settings)
    own = _own_headers(signer, url, content_hash)
    signed = own | {
        strings.TABLE["lower"](name): value
        for name, value in headers.items()
        if strings.TABLE["lower"](name) not in _IGNORED
    }
    names = sorted(signed, key=_raw)
    lines = "".join(f"{name}:{signed[name]}\n" for name in names)
    head = b"%s\n%s\n%s\n" % (_raw(given["method"]), url.escaped_path, url.raw_query)
    authorization = signer.authorization(
        head + _raw(f"{lines}\n{';'.join(names)}\n{content_hash}"), ";".join(names)
    )
    return {**given, "headers": {**headers, "Authorization": authorization, **own}}


def _signer(settings: dict[Any, Value], time_ns: Value) -> _Signer:
    missing = [name for name in _REQUIRED if name not in settings]
    if missing:
        raise OperandError(f"operand 2 missing required AWS config parameters(s): {missing}")
    wrong = [name for name in _REQUIRED if type(settings[name]) is not str]
    if wrong:
        raise OperandError(f"operand 2 invalid values for required AWS config parameters(s): {wrong}")
    when = number(time_ns, 1)
    if type(when) is not int or not -_INT64 <= when < _INT64:
        raise OperandError("operand 3 could not convert time_ns value into a unix timestamp")
    access_key, region, secret_key, service = (settings[name] for name in _REQUIRED)
    moment = datetime.fromtimestamp(when // 10**9, UTC)
    return _Signer(access_key, secret_key, region, service, _string(settings, "aws_session_token"), moment)


def _headers(given: dict[Any, Value]) -> dict[str, str]:
    """Return a request's headers; what is no string counts as an empty one."""
    found = given.get("headers", {})
    if type(found) is not dict:
        raise wrong_type(0, found, "object")
    return {(name if type(name) is str else ""): _string(found, name) for name in found}


def _string(values: dict[Any, Value], name: Any) -> str:
    value = values.get(name)
    return value if type(value) is str else ""


def _content_hash(given: dict[Any, Value], settings: dict[Any, Value]) -> str:
    unsigned = settings.get("disable_payload_signing", False)
    if type(unsigned) is not bool:
        raise OperandError("operand 2 invalid value for 'disable_payload_signing' in AWS config")
    if unsigned:
        return "UNSIGNED-PAYLOAD"
    body = ""
    if "raw_body" in given:
        body = _string(given, "raw_body")
    elif "body" in given:
        body = encoding.TABLE["json.marshal"](given["body"])
    return hashlib.sha256(_raw(body)).hexdigest()


def _own_headers(signer: _Signer, url: gourl.URL, content_hash: str) -> dict[str, str]:
    own = {"host": utf8.decoded(url.host), "x-amz-date": signer.timestamp}
    if signer.service in _HASHED:
        own[_CONTENT_HASH] = content_hash
    if signer.session_token:
        own["x-amz-security-token"] = signer.session_token
    return own


def _mac(key: bytes, message: str) -> bytes:
    return hmac.digest(key, _raw(message), "sha256")


def _raw(value: str) -> bytes:
    return utf8.encoded(value)


TABLE: Final[Mapping[str, Callable[..., Any]]] = {"providers.aws.sign_req": _sign_request}
