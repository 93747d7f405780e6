"""`uri.parse` and `uri.is_valid`: what a URL's text says; nothing is looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rego import gourl, utf8
from rego.builtins.operands import refuse, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.values import Value


def _parse(value: Value) -> dict[str, str]:
    try:
        url = gourl.parse(text(value, 1))
    except gourl.URLError as error:
        raise refuse(str(error)) from error
    parts = {
        "scheme": url.scheme,
        "hostname": url.hostname,
        "port": url.port,
        "path": url.path,
        "raw_path": url.path and (url.raw_path or url.path),
        "raw_query": url.raw_query,
        "fragment": url.fragment,
    }
    return {name: utf8.decoded(part) for name, part in parts.items() if part}


def _is_valid(value: Value) -> bool:
    if type(value) is not str or not value:
        return False
    try:
        gourl.parse(value)
    except gourl.URLError:
        return False
    return True


TABLE: Final[Mapping[str, Callable[..., Any]]] = {"uri.parse": _parse, "uri.is_valid": _is_valid}
