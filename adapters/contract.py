"""The words between the gateway and a provider: what is asked, what comes back, what can fail.

Knows shapes only: no socket, no wire format, no policy, no identity.
The gateway writes its `forward` and `release` steps against this page and no other in the room;
that is why it is one page, and longer than others.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Protocol, final
from urllib.parse import urlsplit

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2, token
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "x-request-id",
    }
)
_NOTHING: Mapping[str, object] = MappingProxyType({})


class AdapterError(Exception):
    """The root of everything that this room raises on purpose.

    Attributes:
        code: Stable dotted reason code.
    """

    code: str = "adapter.error"


class InvalidConfiguration(AdapterError, ValueError):
    """A target or a request holds a value that must never reach a wire; raised at construction."""

    code = "adapter.invalid_configuration"


class UpstreamCode(StrEnum):
    """Why a provider gave no usable answer. Stable: records, metrics and documentation refer to these."""

    UNREACHABLE = "upstream.unreachable"
    BROKEN = "upstream.broken"
    TIMEOUT = "upstream.timeout"
    RATE_LIMITED = "upstream.rate_limited"
    QUOTA_EXHAUSTED = "upstream.quota_exhausted"
    REJECTED = "upstream.rejected"
    UNAUTHORIZED = "upstream.unauthorized"
    UNAVAILABLE = "upstream.unavailable"
    MALFORMED = "upstream.malformed"
    STREAM_BROKEN = "upstream.stream_broken"
    STREAM_ERROR = "upstream.stream_error"
    TOO_LARGE = "upstream.too_large"


MAY_HAVE_CHARGED = frozenset(
    {UpstreamCode.BROKEN, UpstreamCode.TIMEOUT, UpstreamCode.MALFORMED, UpstreamCode.TOO_LARGE}
)
"""Failures after which the place may have read the prompt, and written a reply, and will charge for it."""


class UpstreamError(AdapterError):
    """A provider refused, failed, or could not be reached.

    Attributes:
        code: One of `UpstreamCode`.
        status: HTTP status to answer the client with.
        message: Text fit for the client: the provider's own (sanitised) where the code is
            `upstream.rejected` or `upstream.stream_error`, ours in every other case.
        provider_type: The provider's `error.type`, if it gave one.
        provider_code: The provider's `error.code`, if it gave one, as text.
        param: The request parameter that the provider blames, if it named one.
        retry_after: The provider's `retry-after`, verbatim; only on its 429, 503 and 529.
        retryable: Whether the same request may succeed at the same deployment without a change.
        detail: Further fields of the provider's error object that a client may need
            (Azure's `innererror`, Groq's `failed_generation`), JSON values.
    """

    def __init__(  # noqa: PLR0913 - keyword-only fields of one value
        self,
        code: UpstreamCode,
        *,
        status: int,
        message: str,
        provider_type: str | None = None,
        provider_code: str | None = None,
        param: str | None = None,
        retry_after: str | None = None,
        retryable: bool = False,
        detail: Mapping[str, object] = _NOTHING,
    ) -> None:
        # A provider's text may quote the prompt: a log that prints the exception must not print it.
        super().__init__(f"{code} ({status})")
        self.code: UpstreamCode = code
        self.status = status
        self.message = message
        self.provider_type = provider_type
        self.provider_code = provider_code
        self.param = param
        self.retry_after = retry_after
        self.retryable = retryable
        self.detail = detail

    def as_openai(self) -> dict[str, object]:
        """The `error` object of OpenAI's shape: `message`, `type`, `param`, `code` and what else is known."""
        rejected = self.code is UpstreamCode.REJECTED
        return {
            **self.detail,
            "message": self.message,
            "type": self.provider_type or ("invalid_request_error" if rejected else "upstream_error"),
            "param": self.param,
            "code": self.provider_code or str(self.code),
        }


@final
@dataclass(frozen=True, slots=True)
class Secret:
    """A credential that does not show itself: not in a repr, a log line or a traceback with locals.

    Args:
        value: The credential; printable ASCII, since it becomes a header.

    Raises:
        InvalidConfiguration: It is empty or holds anything else (a line end would inject headers).
    """

    value: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.value or not _is_header_safe(self.value):
            raise InvalidConfiguration("a secret must be printable ASCII and not empty")


class KeyStyle(StrEnum):
    """The header that carries a provider's key."""

    BEARER = "bearer"
    API_KEY = "api-key"


@final
@dataclass(frozen=True, slots=True)
class Target:
    """One upstream: where it is and how it is spoken to.

    Args:
        base_url: `http(s)://host[:port]/path` up to and without `/chat/completions`; it may carry a query
            (`?api-version=...` of Azure's older surface), which is kept.
        api_key: The provider's key; None where it needs none (a local vLLM or Ollama).
        key_style: Which header carries the key.
        headers: Further headers for each request (`OpenAI-Organization`, ...).
        supports_stream_options: False for upstreams that reject `stream_options`.

    Attributes:
        chat_url: The whole URL of the chat surface, built once.

    Raises:
        InvalidConfiguration: The URL has another scheme, credentials or a fragment, or a header is
            malformed or one that the transport owns.
    """

    base_url: str
    api_key: Secret | None = None
    key_style: KeyStyle = KeyStyle.BEARER
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    supports_stream_options: bool = True
    chat_url: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chat_url", _join(self.base_url, "chat/completions"))
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _is_header_safe(value):
                raise InvalidConfiguration(f"header {name!r} is malformed")
            if name.lower() in _OWN_HEADERS:
                raise InvalidConfiguration(f"header {name!r} belongs to the transport")

    def request_headers(self) -> dict[str, str]:
        """All headers of a request to this target that never change, the key's included."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.api_key is not None and self.key_style is KeyStyle.BEARER:
            headers["authorization"] = f"Bearer {self.api_key.value}"
        elif self.api_key is not None:
            headers["api-key"] = self.api_key.value
        return headers


@final
@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One chat completion to ask a provider for.

    Args:
        body: The client's parsed JSON, unknown fields kept; plain JSON values throughout.
        model: The upstream's name for the model; replaces `body["model"]`.
        stream: Whether to stream; replaces `body["stream"]`.
        include_usage: Whether the *client* asked for `stream_options.include_usage`.
        request_id: Goes upstream as `x-request-id`, to find the call in the provider's records.
        connect_timeout_s: Seconds for name resolution, TCP and TLS together.
        first_byte_timeout_s: Seconds from the request's last byte to the answer's head,
            and again from there to the first byte of its body.
        idle_timeout_s: Seconds between any two reads after that.
        answer_timeout_s: Seconds for the body of a whole answer, from its head to its end;
            a stream may take longer.

    Raises:
        InvalidConfiguration: `model` or `request_id` holds a control character.
    """

    body: Mapping[str, object] = field(repr=False)
    model: str
    stream: bool
    include_usage: bool
    request_id: str
    connect_timeout_s: float = 5.0
    first_byte_timeout_s: float = 60.0
    idle_timeout_s: float = 60.0
    answer_timeout_s: float = 600.0

    def __post_init__(self) -> None:
        if not self.model or not self.model.isprintable():
            raise InvalidConfiguration("the upstream's model name must be printable and not empty")
        if not _is_header_safe(self.request_id):
            raise InvalidConfiguration("the request id must be printable ASCII")


@final
@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a provider reports, in OpenAI's meaning: `prompt_tokens` includes cached ones."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


@final
@dataclass(frozen=True, slots=True)
class Completed:
    """A whole answer, status 200.

    Attributes:
        body: JSON to hand to the client as it is.
        usage: What it cost; None where the provider did not say, or not credibly.
        model: The model that the provider says answered; None where it did not say.
        response_id: The provider's id of the answer.
        finish_reason: Of the first choice, in the provider's word; None where it gave none.
    """

    status: ClassVar[int] = 200
    body: bytes = field(repr=False)
    usage: Usage | None
    model: str | None
    response_id: str | None
    finish_reason: str | None


class Streaming(Protocol):
    """A streamed answer: each item is one or more whole SSE events, to be flushed to the client at once.

    The last item ends with `data: [DONE]`. Iteration raises `UpstreamError` where the upstream breaks off or
    reports an error; then no `[DONE]` was given, and telling the client is the gateway's part.
    The properties have their final values after the last item (or the error).
    """

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Itself."""

    async def __anext__(self) -> bytes:
        """The next item; raises `UpstreamError` as said above."""

    @property
    def usage(self) -> Usage | None:
        """What it cost; None where the provider did not say (or not yet, or not credibly)."""

    @property
    def model(self) -> str | None:
        """The model that the provider says answers."""

    @property
    def response_id(self) -> str | None:
        """The provider's id of the answer."""

    @property
    def finish_reason(self) -> str | None:
        """Of the first choice, in the provider's word."""

    async def aclose(self) -> None:
        """Stop. Closes the upstream connection unless the answer was read to its end; may be called twice."""


class Adapter(Protocol):
    """One target, spoken to in its own wire format."""

    async def chat(self, request: ChatRequest) -> Completed | Streaming:
        """Ask for a chat completion.

        Returns:
            `Completed` for a whole answer, a `Streaming` as soon as a stream's head is there.

        Raises:
            UpstreamError: The provider refused, failed or could not be reached.
        """

    async def close(self) -> None:
        """Give back what the adapter holds; the transport belongs to whoever made it."""


def _is_header_safe(value: str) -> bool:
    """Whether `value` can be a header's value: guards against header injection by CR, LF or NUL."""
    return value.isascii() and value.isprintable()


def _join(base_url: str, path: str) -> str:
    if not _is_header_safe(base_url) or " " in base_url:
        raise InvalidConfiguration("a base URL must be printable ASCII without spaces")
    try:
        parts = urlsplit(base_url)
        host, _port = parts.hostname, parts.port  # `port` is parsed, and refused, only when it is read
    except ValueError as error:
        raise InvalidConfiguration("a base URL must be a URL") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise InvalidConfiguration("a base URL must be http(s)://host...")
    if "@" in parts.netloc or parts.fragment:
        raise InvalidConfiguration("a base URL must not hold credentials or a fragment")
    return parts._replace(path=f"{parts.path.rstrip('/')}/{path}").geturl()
