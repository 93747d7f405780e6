"""URLs as Go's `net/url` reads them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego import gourl
from rego.builtins.uris import TABLE
from rego.errors import BuiltinError, OperandError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "HTTPS://u:p@H:80/a%2Fb?q=1#f",
            {
                "scheme": "https",
                "hostname": "H",
                "port": "80",
                "path": "/a/b",
                "raw_path": "/a%2Fb",
                "raw_query": "q=1",
                "fragment": "f",
            },
        ),
        (
            "http://[fe80::1%25en0]:8/",
            {"scheme": "http", "hostname": "fe80::1%en0", "port": "8", "path": "/", "raw_path": "/"},
        ),
        ("mailto:a@b", {"scheme": "mailto"}),
        ("a/b", {"path": "a/b", "raw_path": "a/b"}),
        ("", {}),
    ],
)
def test_parts_are_gos(text: str, expected: dict[str, str]) -> None:
    """Each part is there where Go finds one, with its escapes resolved."""
    assert expected == TABLE["uri.parse"](text)


@pytest.mark.parametrize(
    "text",
    ["http://a:b/", "http://[::1", "http://a b/", "%zz", "1:a", ":a", "http://%41/", "\x7f", "http://[v1]/"],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    """`uri.parse` fails on what `uri.is_valid` calls invalid."""
    with pytest.raises(BuiltinError):
        TABLE["uri.parse"](text)
    assert TABLE["uri.is_valid"](text) is False


@pytest.mark.parametrize("operand", [1, None, ""])
def test_only_texts_are_valid(operand: Any) -> None:
    """No other type is a URL, and OPA does not call the empty text one."""
    assert TABLE["uri.is_valid"](operand) is False


def test_an_operand_of_another_type_is_an_error_of_types() -> None:
    """`uri.parse` says that it wants a string."""
    with pytest.raises(OperandError):
        TABLE["uri.parse"](1)


@pytest.mark.parametrize(
    ("base", "reference", "expected"),
    [
        ("http://a/b/c/d;p?q", "../g", "http://a/b/g"),
        ("http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"),
        ("http://a/b/c/d;p?q", "//g/../x", "http://g/x"),
        ("http://a/b/c/d;p?q", "../../../g", "http://a/g"),
        ("http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q#s"),
        ("", "#/a b", "#/a%20b"),
    ],
)
def test_references_resolve_as_in_rfc_3986(base: str, reference: str, expected: str) -> None:
    """The examples of RFC 3986, section 5.4, and a fragment alone."""
    assert expected == gourl.parse(base).resolve(gourl.parse(reference)).to_bytes().decode()


@given(st.text("ab:/?#@[]%25.é 0\\", max_size=20))
def test_a_url_that_is_written_is_read_again(text: str) -> None:
    """What is parsed, written and parsed again is the same."""
    try:
        url = gourl.parse(text)
    except gourl.URLError:
        return
    written = url.to_bytes().decode("utf-8", "surrogateescape")
    assert written == gourl.parse(written).to_bytes().decode("utf-8", "surrogateescape")
