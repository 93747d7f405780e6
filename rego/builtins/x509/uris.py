"""URIs in certificates, taken apart as Go's `net/url` takes them apart; knows no certificate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from rego.builtins.operands import refuse
from rego.utf8 import encoded

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})?")
_PORT: Final = re.compile(r"(:[0-9]*)?")
_USER_INFO: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_UNRESERVED: Final = "-_.~"
_PATH_SAFE: Final = "$&+,/:;=@"
_HOST_SAFE: Final = "!$&'()*+,;=:[]<>\""
_USER_SAFE: Final = "$&+,;="
_FRAGMENT_SAFE: Final = "$&+,/:;=?@!()*"
_VALID_EXTRA: Final = "!$&'()*+,;=:@[]%"


@dataclass(frozen=True, slots=True)
class URI:
    """A URI's parts, named as Go names them; strings that were escaped hold bytes.

    `user` is the name and the password (None if there is none).
    """

    scheme: str = ""
    opaque: str = ""
    user: tuple[bytes, bytes | None] | None = None
    host: bytes = b""
    path: bytes = b""
    raw_path: str = ""
    omit_host: bool = False
    force_query: bool = False
    raw_query: str = ""
    fragment: bytes = b""
    raw_fragment: str = ""

    def text(self) -> str:
        """Return it put together again."""
        before = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            before += self.opaque
        else:
            before += self._authority() + self._escaped_path(empty=not before)
        query = f"?{self.raw_query}" if self.force_query or self.raw_query else ""
        return before + query + self._escaped_fragment()

    def _authority(self) -> str:
        if not (self.scheme or self.host or self.user) or (self.omit_host and not (self.host or self.user)):
            return ""
        text = "//" if self.host or self.path or self.user else ""
        if self.user is not None:
            name, password = self.user
            text += _escaped(name, _USER_SAFE)
            text += "@" if password is None else f":{_escaped(password, _USER_SAFE)}@"
        return text + _escaped(self.host, _HOST_SAFE)

    def _escaped_path(self, *, empty: bool) -> str:
        path = _kept(self.raw_path, _PATH_SAFE) or (
            "*" if self.path == b"*" else _escaped(self.path, _PATH_SAFE)
        )
        if path and not path.startswith("/") and self.host:
            return f"/{path}"
        if empty and not self.host and self.user is None and ":" in path.partition("/")[0]:
            return f"./{path}"
        return path

    def _escaped_fragment(self) -> str:
        if not self.fragment:
            return ""
        return "#" + (_kept(self.raw_fragment, _FRAGMENT_SAFE) or _escaped(self.fragment, _FRAGMENT_SAFE))


def _kept(raw: str, safe: str) -> str:
    """Return the spelling of the source where it is one that is valid, else an empty string."""
    valid = all(char in _VALID_EXTRA or char in safe or char in _UNRESERVED or char.isalnum() for char in raw)
    return raw if valid and raw.isascii() else ""


def _escaped(raw: bytes, safe: str) -> str:
    return quote_from_bytes(raw, safe)


def _unescaped(text: str) -> bytes:
    if any(match.group(1) is None for match in _ESCAPE.finditer(text)):
        raise refuse("invalid URL escape")
    return unquote_to_bytes(text)


def parse_uri(text: str) -> URI:
    """Take a URI apart.

    Raises:
        BuiltinError: If it is none.
    """
    rest, _, fragment = text.partition("#")
    if _CONTROL.search(rest):
        raise refuse("invalid control character in URL")
    unescaped = _unescaped(fragment)
    raw_fragment = "" if _escaped(unescaped, _FRAGMENT_SAFE) == fragment else fragment
    if rest == "*":
        return URI(path=b"*", fragment=unescaped, raw_fragment=raw_fragment)
    scheme, rest = _scheme(rest)
    force_query = rest.endswith("?") and rest.count("?") == 1
    rest, _, query = rest.partition("?")
    if scheme and not rest.startswith("/"):
        return URI(
            scheme=scheme,
            opaque=rest,
            force_query=force_query,
            raw_query=query,
            fragment=unescaped,
            raw_fragment=raw_fragment,
        )
    if ":" in rest.partition("/")[0]:
        raise refuse("first path segment in URL cannot contain colon")
    user, host, omit_host = None, b"", bool(scheme)
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        user, host = _authority(scheme, authority)
        rest, omit_host = slash + path, False
    path_bytes = _unescaped(rest)
    raw_path = "" if _escaped(path_bytes, _PATH_SAFE) == rest else rest
    return URI(
        scheme, "", user, host, path_bytes, raw_path, omit_host, force_query, query, unescaped, raw_fragment
    )


def _scheme(text: str) -> tuple[str, str]:
    if text.startswith(":"):
        raise refuse("missing protocol scheme")
    match = _SCHEME.match(text)
    return ("", text) if match is None else (match.group(1).lower(), text[match.end() :])


def _authority(scheme: str, text: str) -> tuple[tuple[bytes, bytes | None] | None, bytes]:
    before, at, host = text.rpartition("@")
    found = _host(scheme, host)
    if not at:
        return None, found
    if _USER_INFO.fullmatch(before) is None:
        raise refuse("invalid userinfo")
    name, colon, password = before.partition(":")
    return (_unescaped(name), _unescaped(password) if colon else None), found


def _host(scheme: str, text: str) -> bytes:
    bracket = text.rfind("[")
    if bracket > 0:
        raise refuse("invalid IP-literal")
    if bracket == 0:
        return _ip_literal(text)
    first, last = text.find(":"), text.rfind(":")
    if first >= 0:
        port = text[first if scheme in {"http", "https"} else last :]
        if _PORT.fullmatch(port) is None:
            raise refuse("invalid port after host")
    return _unescaped_host(text)


def _ip_literal(text: str) -> bytes:
    inner, bracket, port = text[1:].rpartition("]")
    if not bracket or _PORT.fullmatch(port) is None:
        raise refuse("missing ']' in host, or invalid port after it")
    address, percent, zone = inner.partition("%25")
    found = _unescaped_host(address) + (_unescaped(percent + zone))
    try:
        IPv6Address(found.decode())
    except (AddressValueError, UnicodeDecodeError) as error:
        raise refuse("invalid host") from error
    return b"[" + found + b"]" + encoded(port)


def _unescaped_host(text: str) -> bytes:
    """Return a host's bytes: only those beyond ASCII, and the percent sign, may stand there escaped."""
    for match in _ESCAPE.finditer(text):
        if match.group() != "%25" and (match.group(1) is None or match.group(1) < "8"):
            raise refuse("invalid URL escape")
    plain = _ESCAPE.sub("", text)
    if any(
        char.isascii() and not (char.isalnum() or char in _HOST_SAFE or char in _UNRESERVED) for char in plain
    ):
        raise refuse("invalid character in host name")
    return unquote_to_bytes(text)
