"""How many tokens each mark of a text is worth, in thousandths, for tokenizers that aren't here.

Found by least squares (expected) and by a linear programme that lets one text in 150 exceed it (upper), over
4,000 texts: messages of programs in 43 languages, code and markup of 11 kinds, licences, recorded prompts,
and for the upper ones also keys, digests, encoded and invented text; counted by the tokenizers o200k and
cl100k, and for the second pair by DeepSeek's, too. How far they are off stands in docs/prices.md.
"""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.content.tokens.marks import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNIT: Final = 1000


class Estimate(NamedTuple):
    """So many tokens.

    Args:
        expected: as near as can be told.
        upper: rarely exceeded, by text that somebody wrote; what a limit of tokens reserves.
    """

    expected: int
    upper: int


class Bounded(NamedTuple):
    """So many tokens, of a whole prompt.

    Args:
        expected, upper: as for `Estimate`.
        bound: never exceeded by text, whatever it is; what a budget reserves.
    """

    expected: int
    upper: int
    bound: int


# o200k: expected, upper; any other tokenizer: expected, upper.
_TABLE: Final[dict[str, tuple[int, int, int, int]]] = {
    "letters": (126, 174, 117, 186),
    "rare": (755, 1393, 778, 1621),
    "capitals": (154, 585, 172, 605),
    "words": (387, 387, 461, 461),
    "humps": (162, 162, 157, 157),
    "digits": (310, 335, 306, 335),
    "numbers": (1016, 1016, 989, 989),
    "spaced": (733, 733, 682, 682),
    "punctuation": (35, 116, 36, 116),
    "signs": (796, 796, 797, 797),
    "lines": (169, 169, 135, 135),
    "indents": (495, 495, 444, 444),
    "wide": (69, 90, 75, 120),
    # What was too rare in these texts to learn from: by hand, on the safe side.
    "controls": (500, 1000, 500, 1000),
    "western": (802, 802, 1249, 1249),
    "latin_signs": (1000, 2000, 1300, 2000),
    "central": (1111, 1149, 1658, 2125),
    "vietnamese": (100, 400, 400, 1200),
    "cyrillic": (341, 438, 427, 684),
    "levantine": (398, 438, 597, 1083),
    "thai": (442, 530, 613, 1021),
    "devanagari": (424, 473, 795, 1269),
    "indic": (461, 686, 1020, 2187),
    "kana": (724, 724, 812, 953),
    "han": (888, 1091, 938, 1537),
    "hangul": (798, 901, 975, 1278),
    "further2": (396, 435, 1158, 2371),
    "further3": (396, 478, 1070, 2155),
    "symbols": (1500, 2500, 2000, 3000),
    "full_width": (1500, 3000, 2000, 3000),
    "astral": (2105, 2286, 2362, 2883),
}


class Weights(NamedTuple):
    """What each mark counts, in the order of `marks.NAMES` but for its last, the size."""

    expected: tuple[int, ...]
    upper: tuple[int, ...]

    def estimate(
        self, marks: Sequence[int], expected_percent: int = 100, upper_percent: int = 100
    ) -> Estimate:
        """The tokens of a text with these marks: at most one for each byte.

        Args:
            marks: as `marks.of` counts them, or the sum of several texts'.
            expected_percent: how many tokens a tokenizer makes where this one's makes 100.
            upper_percent: the same, at worst.
        """
        size = marks[-1]
        expected = min(size, _rounded_up(self.expected, marks, expected_percent))
        return Estimate(expected, max(expected, min(size, _rounded_up(self.upper, marks, upper_percent))))


def _rounded_up(weights: Sequence[int], marks: Sequence[int], percent: int) -> int:
    total: int = sum(map(mul, weights, marks))  # the last of the marks is the size, and has no weight
    return max(1, -(-total * percent // (100 * _UNIT)))


def _column(place: int) -> tuple[int, ...]:
    return tuple(_TABLE[name][place] for name in NAMES[:-1])


O200K: Final = Weights(_column(0), _column(1))
ANY: Final = Weights(_column(2), _column(3))
