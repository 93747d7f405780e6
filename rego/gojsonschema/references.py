"""Where the references of a schema lead: within it, or to a schema of schemas; nothing is ever fetched.

OPA would fetch other addresses, and read `file:` ones. Here they are refused in the words of an OPA whose
capabilities allow no host: a schema may come from an input, and must not make the host send requests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from rego import gourl, utf8
from rego.gojsonschema import metaschemas
from rego.gojsonschema.wording import SchemaError

_INDEX: Final = re.compile(r"[+-]?[0-9]{1,18}")
#: Keywords whose members are names of the schema's author, not keywords.
_NAMED: Final = frozenset({"properties", "dependencies", "patternProperties"})
_LITERAL: Final = frozenset({"const", "enum"})


@dataclass(frozen=True, slots=True)
class Document:
    """A document, or a part of one, with the draft that it declares (None: whoever refers to it knows)."""

    content: Any
    draft: int | None


class Pool:
    """What references can lead to: the schema itself, parts of it with an identifier, schemas of schemas."""

    def __init__(self, root: Any) -> None:
        """Take a schema's document; its `$ref`s are made absolute in place.

        Raises:
            SchemaError: The document is no schema, or an identifier is used twice.
        """
        self._documents: dict[str, Document] = {}
        self.root = self._add(root, gourl.URL())

    def find(self, reference: gourl.URL) -> Document:
        """Return what a reference stands for.

        Raises:
            SchemaError: It stands for nothing, or for something outside.
        """
        name = written(reference)
        found = self._documents.get(name)
        if found is not None:
            return found
        base = replace(reference, fragment=b"")
        whole = self._documents.get(written(base)) or self._load(base, name)
        made = Document(_at(whole.content, reference.fragment), whole.draft)
        self._documents[name] = made
        return made

    def _load(self, base: gourl.URL, name: str) -> Document:
        canonical = base.path.startswith(b"/") if base.scheme == b"file" else base.scheme and base.host
        if not canonical:
            raise SchemaError(f"Reference {name} must be canonical")
        content = metaschemas.load(written(base))
        if content is None:
            raise SchemaError(f"remote reference loading disabled: {name}")
        return self._add(content, base)

    def _add(self, content: Any, base: gourl.URL) -> Document:
        draft = declared_draft(content)
        self._resolve(content, base, draft)
        made = self._documents[written(base)] = Document(content, draft)
        return made

    def _resolve(self, content: Any, base: gourl.URL, draft: int | None) -> None:
        """Make references absolute, and note identifiers; what is wrong with them shows in compiling."""
        if type(content) is list:
            for item in content:
                self._resolve(item, base, draft)
        if type(content) is not dict:
            return
        base = self._identify(content, base, draft)
        absolute = _joined(base, content.get("$ref"))
        if absolute is not None:
            content["$ref"] = written(absolute)
        for keyword in sorted(content.keys() - _LITERAL):
            inner = content[keyword]
            if keyword not in _NAMED:
                self._resolve(inner, base, draft)
            elif type(inner) is dict:
                for name in sorted(inner):
                    self._resolve(inner[name], base, draft)

    def _identify(self, content: dict[str, Any], base: gourl.URL, draft: int | None) -> gourl.URL:
        """Note a part's identifier, if it has one; return what references in it are relative to."""
        own = _joined(base, content.get("id" if "id" in content else "$id"))
        if own is None:
            return base
        name = written(own)
        if name in self._documents:
            raise SchemaError(f'Reference already exists: "{name}"')
        self._documents[name] = Document(content, draft)
        return own


def written(url: gourl.URL) -> str:
    """Return a reference's text, by which documents are known."""
    return utf8.decoded(url.to_bytes())


def parse(text: str) -> gourl.URL:
    """Return a reference from its text.

    Raises:
        SchemaError: It is none.
    """
    try:
        return gourl.parse(text)
    except gourl.URLError as error:
        raise SchemaError(str(error)) from error


def join(base: gourl.URL, text: str) -> gourl.URL:
    """Return the absolute form of a reference found in a document at `base`.

    Raises:
        SchemaError: There is none.
    """
    return parse(written(replace(base, fragment=b"").resolve(parse(text))))


def _joined(base: gourl.URL, text: Any) -> gourl.URL | None:
    if type(text) is not str:
        return None
    try:
        return join(base, text)
    except SchemaError:
        return None


def declared_draft(content: Any) -> int | None:
    """Return the draft that a schema names in `$schema`; None where it names none that is known.

    Raises:
        SchemaError: It is no schema.
    """
    if type(content) is bool:
        return None
    if type(content) is not dict:
        raise SchemaError("schema is invalid")
    named = content.get("$schema", "")
    if type(named) is not str:
        raise SchemaError("$schema must be of type string")
    return metaschemas.DRAFTS.get(written(parse(named)))


def _at(content: Any, fragment: bytes) -> Any:
    """Return the part of a document that a JSON pointer names; another fragment names the whole."""
    if not fragment.startswith(b"/"):
        return content
    for token in utf8.decoded(fragment)[1:].split("/"):
        if type(content) is dict:
            key = token.replace("~1", "/").replace("~0", "~")
            if key not in content:
                raise SchemaError(f"Object has no key '{key}'")
            content = content[key]
        elif type(content) is list:
            content = content[_index(token, len(content))]
        else:
            raise SchemaError(f"Invalid token reference '{token}'")
    return content


def _index(token: str, size: int) -> int:
    if _INDEX.fullmatch(token) is None:
        raise SchemaError(f"Invalid array index '{token}'")
    place = int(token)
    if not 0 <= place < size:
        raise SchemaError(f"Out of bound array[0,{size}] index '{place}'")
    return place
