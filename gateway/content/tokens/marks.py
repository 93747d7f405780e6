"""What a text is made of, counted: letters, words, digits, punctuation, and the scripts of the world.

A tokenizer splits text into words, numbers and runs of punctuation, and each of these into pieces that it has
learned. How many pieces there will be can be told well from these counts alone (see `weights`).
They are taken over the UTF-8 bytes by `bytes.translate` and `bytes.count`, two dozen passes of C over the
text: linear whatever the text is, and nothing is made for a word or a character.
"""

from __future__ import annotations

from typing import Final

# One letter stands for a class of bytes; those of a script are the first bytes of its characters.
_RARE: Final = b"jkqvwxz"
_BYTES: Final = {
    "l": b"abcdefghilmnoprstuy",
    "r": _RARE,
    "U": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "d": b"0123456789",
    "p": b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "s": b" ",
    "n": b"\n\r",
    "a": b"\xc2",
    "b": b"\xc3",
    "e": bytes(range(0xC4, 0xCA)),
    "y": bytes(range(0xD0, 0xD4)),
    "g": bytes([0xCE, 0xCF, *range(0xD6, 0xDC)]),
    "o": bytes([*range(0xCA, 0xCE), 0xD4, 0xD5, *range(0xDC, 0xE0)]),
    "i": b"\xe0",
    "v": b"\xe1",
    "m": b"\xe2",
    "k": b"\xe3",
    "h": bytes(range(0xE4, 0xEA)),
    "z": bytes(range(0xEA, 0xEE)),
    "f": b"\xee\xef",
    "t": bytes(range(0xF0, 0xF5)),
    "x": bytes(range(0x80, 0xC0)),
}
_THAI: Final = (b"\xe0\xb8", b"\xe0\xb9")
_DEVANAGARI: Final = (b"\xe0\xa4", b"\xe0\xa5")
_VIETNAMESE: Final = (b"\xe1\xba", b"\xe1\xbb")


def _table(classes: str, *, merged: str | None = None) -> bytes:
    """Maps each byte of `classes` to its class, or all of them to one letter, and every other to `c`."""
    table = bytearray(b"c" * 256)
    for letter in classes:
        for byte in _BYTES[letter]:
            table[byte] = ord(merged or letter)
    return bytes(table)


_KINDS: Final = _table("".join(_BYTES))
_WORDS: Final = _table("lrU", merged="w")
_NUMBERS: Final = _table("d")
_SIGNS: Final = _table("p")
_HUMPS: Final = bytes.maketrans(b"r", b"l")

NAMES: Final = (
    "letters",  # ASCII letters in lower case
    "rare",  # j, k, q, v, w, x and z, besides: English has few, an invented or encoded text has many
    "capitals",
    "words",  # runs of ASCII letters
    "humps",  # capitals after a small letter, as in camelCase
    "digits",
    "numbers",  # runs of digits
    "spaced",  # digits after a space
    "punctuation",  # ASCII punctuation, character by character
    "signs",  # runs of it
    "lines",
    "indents",  # spaces that begin a line
    "wide",  # pairs of spaces
    "controls",  # tabs and all other ASCII
    "western",  # letters like é and ü
    "latin_signs",  # like § and °
    "central",  # letters like ő and ł
    "vietnamese",
    "cyrillic",
    "levantine",  # Greek, Hebrew and Arabic
    "thai",
    "devanagari",
    "indic",  # the other scripts of India, and Lao and Tibetan
    "kana",  # with the signs of the East Asian scripts
    "han",
    "hangul",
    "further2",  # what is left of two bytes a character: Armenian, Syriac and others
    "further3",  # and of three: Georgian, Khmer, Burmese, Ethiopic and others
    "symbols",  # typography, mathematics, arrows, boxes
    "full_width",  # with the private and the compatibility characters
    "astral",  # beyond the first plane, emoji above all
    "size",  # bytes in all; no tokenizer makes more tokens of a text
)
"""What is counted, in the order of `of`; the scripts by characters."""


def of(text: str) -> tuple[int, ...]:
    """Count what `text` is made of; see `NAMES`."""
    # Half a surrogate pair can't be encoded otherwise, and what a client sent must not end here.
    data = text.encode("utf-8", "surrogatepass")
    kinds = data.translate(_KINDS)
    rare = kinds.count(b"r")
    return (
        kinds.count(b"l") + rare,
        rare,
        kinds.count(b"U"),
        _runs(data.translate(_WORDS), b"w"),
        kinds.translate(_HUMPS).count(b"lU"),
        kinds.count(b"d"),
        _runs(data.translate(_NUMBERS), b"d"),
        kinds.count(b"sd"),
        kinds.count(b"p"),
        _runs(data.translate(_SIGNS), b"p"),
        kinds.count(b"n"),
        kinds.count(b"ns"),
        kinds.count(b"ss"),
        kinds.count(b"c"),
        *(_NO_SCRIPTS if text.isascii() else _scripts(data, kinds)),
        len(data),
    )


_NO_SCRIPTS: Final = (0,) * (len(NAMES) - 15)


def _scripts(data: bytes, kinds: bytes) -> tuple[int, ...]:
    indian, further3 = kinds.count(b"i"), kinds.count(b"v")
    # In UTF-8 a first byte is never one of the middle, so a pair is found only where a character begins.
    thai = sum(map(data.count, _THAI)) if indian else 0
    devanagari = sum(map(data.count, _DEVANAGARI)) if indian else 0
    vietnamese = sum(map(data.count, _VIETNAMESE)) if further3 else 0
    return (
        kinds.count(b"b"),
        kinds.count(b"a"),
        kinds.count(b"e"),
        vietnamese,
        kinds.count(b"y"),
        kinds.count(b"g"),
        thai,
        devanagari,
        indian - thai - devanagari,
        kinds.count(b"k"),
        kinds.count(b"h"),
        kinds.count(b"z"),
        kinds.count(b"o"),
        further3 - vietnamese,
        kinds.count(b"m"),
        kinds.count(b"f"),
        kinds.count(b"t"),
    )


def _runs(classes: bytes, letter: bytes) -> int:
    """How many runs of `letter` there are."""
    return classes.count(b"c" + letter) + classes.startswith(letter)
