"""Certificate requests (RFC 2986), parsed as Go parses them: what follows what is known is passed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from rego.builtins import der
from rego.builtins.keys import algorithm_of
from rego.builtins.operands import refuse
from rego.builtins.x509.certificates import PublicKeyInfo, key_info_of
from rego.builtins.x509.extensions import (
    SUBJECT_ALTERNATIVE_NAME,
    Extension,
    Names,
    extensions_of,
    subject_names,
)
from rego.builtins.x509.names import Attribute, attribute, name_of, value_of
from rego.builtins.x509.signing import algorithm_number
from rego.errors import BuiltinError

if TYPE_CHECKING:
    from rego.builtins.der import OID

_EXTENSION_REQUEST: Final = (1, 2, 840, 113549, 1, 9, 14)
Groups: TypeAlias = "list[list[Attribute]]"


@dataclass(frozen=True, slots=True)
class Request:
    """A certificate request; `raw`, `raw_signed` and `raw_subject` are DER, `version` counts from 0.

    Its signature is not checked.
    """

    raw: bytes
    raw_signed: bytes
    raw_subject: bytes
    version: int
    signature_algorithm: int
    signature: bytes
    key_info: PublicKeyInfo
    subject: list[Attribute]
    attributes: list[tuple[OID, Groups]]
    extensions: list[Extension]
    names: Names


def parse_request(data: bytes) -> Request:
    """Return the request that DER is.

    Raises:
        BuiltinError: If it is none.
    """
    reader = der.Reader(data)
    whole = reader.read(der.SEQUENCE)
    outer = der.Reader(whole.content)
    signed = outer.read(der.SEQUENCE)
    inner = der.Reader(signed.content)
    version, subject, key_info = inner.small_integer(), inner.read(), inner.read(der.SEQUENCE)
    attributes = _elements(inner.read(der.CONTEXT | der.CONSTRUCTED).content)
    algorithm, signature = algorithm_of(outer.inside()), outer.bits()
    if reader:
        raise refuse("trailing data")
    extensions = _requested(attributes)
    named = next((found.value for found in extensions if found.kind == SUBJECT_ALTERNATIVE_NAME), None)
    return Request(
        whole.raw, signed.raw, subject.raw, version, algorithm_number(*algorithm),
        signature.right_aligned(), key_info_of(key_info), name_of(subject.raw, value_of),
        [read for raw in attributes if (read := _grouped(raw)) is not None], extensions,
        Names() if named is None else subject_names(named),
    )  # fmt: skip


def _elements(content: bytes) -> list[der.Element]:
    reader = der.Reader(content)
    found = []
    while reader:
        found.append(reader.read())
    return found


def _grouped(element: der.Element) -> tuple[OID, Groups] | None:
    """Return an attribute whose values are lists of attributes in turn, or None of another one."""
    try:
        reader = der.Reader(element.raw).inside()
        kind, values = reader.oid(), reader.inside(der.SET)
        groups: Groups = []
        while values:
            group, found = values.inside(), []
            while group:
                found.append(attribute(group.inside(), value_of))
            groups.append(found)
    except BuiltinError:
        return None
    return kind, groups


def _requested(attributes: list[der.Element]) -> list[Extension]:
    """Return the extensions that are asked for; attributes of other kinds, or malformed, are passed over."""
    found: list[Extension] = []
    for element in attributes:
        try:
            reader = der.Reader(element.raw).inside()
            kind, values = reader.oid(), _elements(reader.read(der.SET).content)
        except BuiltinError:
            continue
        if kind == _EXTENSION_REQUEST and values:
            found += extensions_of(der.Reader(values[0].raw).inside())
    if len({extension.kind for extension in found}) != len(found):
        raise refuse("certificate request contains duplicate requested extensions")
    return found
