"""URLs as Go's `net/url` reads and writes them; it connects to nothing and knows no builtin.

Python's `urllib.parse` refuses hardly anything and keeps no escapes apart,
while what a policy asks of a URL (is it valid, which host, which path) must be answered as OPA answers.
Go's strings are bytes, so the parts here are bytes, too; `rego.utf8` makes strings of them.

Longer than most modules: what is read is written and resolved by the same rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from typing import Final

from rego import utf8
from rego.gotext import quote

_ALNUM: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_UNRESERVED: Final = _ALNUM | frozenset(b"-_.~")
#: Bytes that stand for themselves in each part of a URL.
_PATH: Final = _UNRESERVED | frozenset(b"$&+,/:;=@")
_HOST: Final = _UNRESERVED | frozenset(b"!$&'()*+,;=:[]<>\"")
_USER: Final = _UNRESERVED | frozenset(b"$&+,;=")
_FRAGMENT: Final = _UNRESERVED | frozenset(b"$&+,/:;=?@!()*")
#: Bytes that may also be written as they are, where the URL did so.
_ALLOWED: Final = frozenset(b"!$&'()*+,;=:@[]%")
_USERINFO: Final = _ALNUM | frozenset(b"-._:~!$&'()*+,;=%@")
_ESCAPE: Final = re.compile(rb"%([0-9a-fA-F]{2})?")
_SCHEME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:")
_PORT: Final = re.compile(rb"(?::[0-9]*)?")
_ZONE_MARK: Final = b"%25"


class URLError(ValueError):
    """A text that is no URL; the message is Go's."""


@dataclass(frozen=True, slots=True)
class URL:
    """A URL's parts; escapes are resolved except in the `raw_` ones, which are empty where Go's are.

    Args:
        scheme: In lower case; empty in a relative reference.
        opaque: What follows a scheme without a slash, as in `mailto:a@b`.
        user: Name and password as they are to be written again, or None.
        host: Host and port.
        path: The path.
        raw_path: The path as it was written, where writing `path` anew would give another.
        raw_query: The query as it was written.
        fragment: The fragment.
        raw_fragment: The fragment as it was written, where writing `fragment` anew would give another.
        force_query: Whether there is a `?` without a query.
        omit_host: Whether there is a scheme and a path but no `//`.
    """

    scheme: bytes = b""
    opaque: bytes = b""
    user: bytes | None = None
    host: bytes = b""
    path: bytes = b""
    raw_path: bytes = b""
    raw_query: bytes = b""
    fragment: bytes = b""
    raw_fragment: bytes = b""
    force_query: bool = False
    omit_host: bool = False

    @property
    def hostname(self) -> bytes:
        """The host without port and brackets."""
        host = _split_port(self.host)[0]
        return host[1:-1] if host.startswith(b"[") and host.endswith(b"]") else host

    @property
    def port(self) -> bytes:
        """The port's digits; empty where there is none."""
        return _split_port(self.host)[1]

    @property
    def escaped_path(self) -> bytes:
        """The path as it is to be written: as it was, where that is allowed."""
        if self.raw_path and _is_written(self.raw_path, _PATH):
            return self.raw_path
        return self.path if self.path == b"*" else _escape(self.path, _PATH)

    @property
    def escaped_fragment(self) -> bytes:
        """The fragment as it is to be written."""
        if self.raw_fragment and _is_written(self.raw_fragment, _FRAGMENT):
            return self.raw_fragment
        return _escape(self.fragment, _FRAGMENT)

    def to_bytes(self) -> bytes:
        """Return the URL written as Go writes it."""
        head = self.scheme + b":" if self.scheme else b""
        tail = b"?" + self.raw_query if self.force_query or self.raw_query else b""
        if self.fragment:
            tail += b"#" + self.escaped_fragment
        if self.opaque:
            return head + self.opaque + tail
        path = self.escaped_path
        if (self.scheme or self.host or self.user is not None) and not (
            self.omit_host and not self.host and self.user is None
        ):
            if self.host or path or self.user is not None:
                head += b"//"
            head += (self.user + b"@" if self.user is not None else b"") + _escape(self.host, _HOST)
        if path and not path.startswith(b"/") and self.host:
            head += b"/"
        if not head and b":" in path.partition(b"/")[0]:
            head = b"./"  # or its first segment would read as a scheme
        return head + path + tail

    def resolve(self, reference: URL) -> URL:
        """Return what a reference names that stands in the document at this URL (RFC 3986, 5.2)."""
        made = reference if reference.scheme else replace(reference, scheme=self.scheme)
        if reference.scheme or reference.host or reference.user is not None:
            return _with_path(made, _resolve_path(reference.escaped_path, b""))
        if reference.opaque:
            return replace(made, user=None, host=b"", path=b"")
        if not reference.path and not reference.force_query and not reference.raw_query:
            made = replace(made, raw_query=self.raw_query)
            if not reference.fragment:
                made = replace(made, fragment=self.fragment, raw_fragment=self.raw_fragment)
        if not reference.path and self.opaque:
            return replace(made, opaque=self.opaque, user=None, host=b"", path=b"")
        made = replace(made, host=self.host, user=self.user)
        return _with_path(made, _resolve_path(self.escaped_path, reference.escaped_path))


def parse(text: str) -> URL:
    """Return a URL, or a relative reference, from its text.

    Raises:
        URLError: It is none.
    """
    raw = utf8.encoded(text)
    rest, _, fragment = raw.partition(b"#")
    named = rest  # what an error shows
    try:
        made = _parse_reference(rest)
        named = raw
        return _with_fragment(made, fragment) if fragment else made
    except URLError as error:
        raise URLError(f"parse {quote(utf8.decoded(named))}: {error}") from error


def _parse_reference(text: bytes) -> URL:
    if any(byte < 0x20 or byte == 0x7F for byte in text):  # noqa: PLR2004 - the control characters
        raise URLError("net/url: invalid control character in URL")
    if text == b"*":
        return URL(path=text)
    scheme, rest = _split_scheme(text)
    force = rest.endswith(b"?") and rest.count(b"?") == 1
    rest, _, query = rest.partition(b"?")
    if not rest.startswith(b"/"):
        if scheme:
            return URL(scheme=scheme, opaque=rest, raw_query=query, force_query=force)
        if b":" in rest.partition(b"/")[0]:
            raise URLError("first path segment in URL cannot contain colon")
    made = URL(scheme=scheme, raw_query=query, force_query=force)
    if rest.startswith(b"//") and (scheme or not rest.startswith(b"///")):
        authority, slash, path = rest[2:].partition(b"/")
        user, host = _parse_authority(scheme, authority)
        return _with_path(replace(made, user=user, host=host), slash + path)
    return _with_path(replace(made, omit_host=bool(scheme)), rest)


def _split_scheme(text: bytes) -> tuple[bytes, bytes]:
    if text.startswith(b":"):
        raise URLError("missing protocol scheme")
    match = _SCHEME.match(text)
    if match is None:
        return b"", text
    return match.group()[:-1].lower(), text[match.end() :]


def _parse_authority(scheme: bytes, authority: bytes) -> tuple[bytes | None, bytes]:
    userinfo, at, place = authority.rpartition(b"@")
    host = _parse_host(scheme, place)
    if not at:
        return None, host
    if not _USERINFO.issuperset(userinfo):
        raise URLError("net/url: invalid userinfo")
    name, colon, password = userinfo.partition(b":")
    written = _escape(_unescape(name), _USER)
    return written + (b":" + _escape(_unescape(password), _USER) if colon else b""), host


def _parse_host(scheme: bytes, host: bytes) -> bytes:
    bracket = host.rfind(b"[")
    if bracket > 0:
        raise URLError("invalid IP-literal")
    if bracket == 0:
        return _parse_literal(host)
    # Other schemes' hosts may have colons before the one of the port.
    colon = host.find(b":") if scheme in {b"http", b"https"} else host.rfind(b":")
    if colon >= 0 and _PORT.fullmatch(host, colon) is None:
        raise URLError(f'invalid port "{utf8.decoded(host[colon:])}" after host')
    return _unescape_host(host)


def _parse_literal(host: bytes) -> bytes:
    name, bracket, port = host[1:].rpartition(b"]")
    if not bracket:
        raise URLError("missing ']' in host")
    if _PORT.fullmatch(port) is None:
        raise URLError(f'invalid port "{utf8.decoded(port)}" after host')
    address, mark, zone = name.partition(_ZONE_MARK)
    plain = _unescape_host(address) + (_unescape_host(mark + zone, zone=True) if mark else b"")
    number, percent, scope = plain.partition(b"%")
    try:
        IPv6Address(number.decode("ascii"))
    except ValueError as error:
        raise URLError("invalid host") from error
    if percent and not scope:
        raise URLError("invalid host: zone must be a non-empty string")
    return b"[" + plain + b"]" + port


def _unescape_host(text: bytes, *, zone: bool = False) -> bytes:
    """Return a host with its escapes resolved; only bytes beyond ASCII may be escaped, and more in a zone."""
    for match in _ESCAPE.finditer(text):
        code = _code(match)
        allowed = code == ord(b"%") or (
            (code == ord(b" ") or code in _HOST) if zone else code >= 0x80  # noqa: PLR2004 - beyond ASCII
        )
        if not allowed:
            raise URLError(f'invalid URL escape "{utf8.decoded(match.group())}"')
    for byte in _ESCAPE.sub(b"", text):
        if byte < 0x80 and byte not in _HOST:  # noqa: PLR2004 - beyond ASCII all is allowed
            raise URLError(f'invalid character "{chr(byte)}" in host name')
    return _unescape(text)


def _with_path(url: URL, path: bytes) -> URL:
    plain = _unescape(path)
    return replace(url, path=plain, raw_path=b"" if _escape(plain, _PATH) == path else path)


def _with_fragment(url: URL, fragment: bytes) -> URL:
    plain = _unescape(fragment)
    raw = b"" if _escape(plain, _FRAGMENT) == fragment else fragment
    return replace(url, fragment=plain, raw_fragment=raw)


def _resolve_path(base: bytes, reference: bytes) -> bytes:
    if not reference:
        full = base
    elif reference.startswith(b"/"):
        full = reference
    else:
        full = base[: base.rfind(b"/") + 1] + reference
    if not full:
        return b""
    made = b"/"
    first = True  # whether the next step stands right after the slash that is there
    steps = full.split(b"/")
    for step in steps:
        if step == b".":
            first = False
        elif step == b"..":
            made = made[: max(made.rfind(b"/", 1), 1)]
            first = made == b"/"
        else:
            made += step if first else b"/" + step
            first = False
    if steps[-1] in {b".", b".."}:
        made += b"/"
    return made[1:] if made.startswith(b"//") else made


def _split_port(host: bytes) -> tuple[bytes, bytes]:
    name, colon, port = host.rpartition(b":")
    return (name, port) if colon and (not port or port.isdigit()) else (host, b"")


def _is_written(raw: bytes, plain: frozenset[int]) -> bool:
    return (plain | _ALLOWED).issuperset(raw)


def escape_query(text: bytes) -> bytes:
    """Return bytes as part of a query, a space as a plus (`url.QueryEscape`)."""
    return _escape(text, _UNRESERVED | frozenset(b" ")).replace(b" ", b"+")


def _escape(text: bytes, plain: frozenset[int]) -> bytes:
    if plain.issuperset(text):
        return text
    return b"".join(bytes((byte,)) if byte in plain else b"%%%02X" % byte for byte in text)


def _unescape(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes((_code(match),)), text)


def _code(match: re.Match[bytes]) -> int:
    digits = match.group(1)
    if digits is None:
        shown = utf8.decoded(match.string[match.start() : match.start() + 3])
        raise URLError(f'invalid URL escape "{shown}"')
    return int(digits, 16)
