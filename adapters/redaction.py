r"""Cuts our key out of what a provider says: providers do quote the credentials that they were given.

Knows JSON values and one secret, no error shapes.
It works on decoded text only: in JSON the same key has many spellings (`\u0053` is `S`),
and a client's parser reads them all.
"""

from adapters.contract import Secret

_MARK = "[redacted]"
_DEPTH = 32


def of_text(text: str, secret: Secret | None) -> str:
    """Cut each occurrence of the key out of a decoded text."""
    return text if secret is None else text.replace(secret.value, _MARK)


def of_value(value: object, secret: Secret | None, depth: int = _DEPTH) -> object:
    """Cut the key out of every string of a JSON value, names too.

    Args:
        value: The value, decoded.
        secret: Our key; None where there is none.
        depth: Levels of lists and objects that are kept; what is nested deeper becomes null.
    """
    match value:
        case str():
            return of_text(value, secret)
        case dict() if depth:
            return {of_text(name, secret): of_value(each, secret, depth - 1) for name, each in value.items()}
        case list() if depth:
            return [of_value(each, secret, depth - 1) for each in value]
        case dict() | list():
            return None
        case _:
            return value
