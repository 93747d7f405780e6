"""Counts where no provider has: a prompt's tokens before a call, a completion's after a torn stream.

Exact for texts whose encoding is at hand and which are short enough, calibrated otherwise.
The work is linear in the body, about 20 us of CPU for a kilobyte; hostile text costs no more.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from gateway.content.tokens import encodings, families, marks
from gateway.content.tokens.prompt import PER_CALL, PER_MESSAGE, parts
from gateway.content.tokens.sent import Sent, texts_of
from gateway.content.tokens.weights import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from gateway.content.tokens.encodings import Encoding
    from gateway.content.tokens.families import Family
    from gateway.content.tokens.prompt import Parts

# tiktoken takes 70 us for a kilobyte of prose, and up to a millisecond for one that was made to be hard.
_EXACT_CHARS: Final = 16 * 1024
_NOTHING: Final = Bounded(0, 0, 0)


class Estimator:
    """Estimates tokens; build one, at the start.

    Args:
        models: names of models, as their upstreams call them; others may be asked about all the same.
        exact: tiktoken's encodings that are at hand, by name.
    """

    def __init__(self, models: Iterable[str] = (), exact: Mapping[str, Encoding] | None = None) -> None:
        self._exact = exact or {}
        self._families = {model: families.of(model) for model in models}

    @property
    def exact(self) -> tuple[str, ...]:
        """The encodings that count exactly, sorted; empty where everything is estimated."""
        return tuple(sorted(self._exact))

    def prompt(self, body: Mapping[str, object], models: Iterable[str] = ()) -> Bounded:
        """The prompt tokens of a chat body, for the model that counts most of them.

        Args:
            body: the call's parsed JSON.
            models: the names of the models that may serve it, as their upstreams call them;
                none if nothing is known of them yet.
        """
        found = parts(body)
        texts, tools = _Counted("\n".join(found.texts)), _Counted("\n".join(found.tools))
        # Equal families are counted once, however many models there are.
        meant = {id(family): family for family in map(self._family, models)} or {0: families.OTHERS}
        estimates = [self._of(found, texts, tools, family) for family in meant.values()]
        if len(estimates) == 1:
            return estimates[0]
        expected, upper, bound = (max(each) for each in zip(*estimates, strict=True))
        return Bounded(expected, upper, bound)

    def completion(self, text: str, model: str = "") -> int:
        """The tokens of a text that a model has written, as near as can be told."""
        return self._texts(_Counted(text), self._family(model)).expected

    def reply(self, body: bytes, model: str = "") -> int:
        """The tokens of a whole reply of which nobody said how many it has."""
        return self.completion("".join(texts_of(body)), model)

    def sent(self, model: str = "") -> Sent:
        """A count of what a stream tells its client; see `Sent`."""
        return Sent(lambda text: self.completion(text, model))

    def _family(self, model: str) -> Family:
        return self._families.get(model) or families.of(model)

    def _of(self, found: Parts, texts: _Counted, tools: _Counted, family: Family) -> Bounded:
        expected, upper, bound = self._texts(texts, family)
        if found.tools:
            offer = self._texts(tools, family)
            expected += -(-offer.expected * family.tools_percent.expected // 100)
            upper += -(-offer.upper * family.tools_percent.upper // 100)
            # A template may write them with more space, and with escapes for what isn't ASCII.
            longest = offer.bound if tools.text.isascii() else len(json.dumps(tools.text))
            bound += -(-longest * max(100, family.tools_percent.upper) // 100)
        expected += family.opening.expected + PER_MESSAGE.expected * found.messages
        more = family.opening.upper + PER_MESSAGE.upper * found.messages
        if found.offers:
            expected += family.tools.expected
            more += family.tools.upper
        expected += (
            PER_CALL.expected * found.calls + family.image.expected * found.images + found.media.expected
        )
        more += PER_CALL.upper * found.calls + family.image.upper * found.images + found.media.upper
        upper = max(expected, upper + more)
        return Bounded(expected, upper, max(upper, bound + found.frame + more))

    def _texts(self, counted: _Counted, family: Family) -> Bounded:
        encoding = self._exact.get(family.encoding or "")
        if not counted.text:
            return _NOTHING
        if encoding is not None and len(counted.text) <= _EXACT_CHARS:
            exact = len(encoding.encode_ordinary(counted.text))
            return Bounded(exact, exact, exact)
        found = family.weights.estimate(counted.marks, family.percent.expected, family.percent.upper)
        # Tokenizers of today begin from bytes, or fall back to them: none makes two tokens of one, but some
        # put a mark of their own before a text.
        return Bounded(found.expected, found.upper, counted.marks[-1] + 1)


class _Counted:
    """A text whose marks are counted when they are first wanted, and once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._marks: tuple[int, ...] | None = None

    @property
    def marks(self) -> tuple[int, ...]:
        if self._marks is None:
            self._marks = marks.of(self.text)
        return self._marks


def prompt(body: Mapping[str, object], models: Iterable[str] = ()) -> Bounded:
    """The prompt tokens of a chat body, without a tokenizer; see `Estimator.prompt`."""
    return Estimator().prompt(body, models)


def reply(body: bytes, model: str = "") -> int:
    """The tokens of a whole reply, without a tokenizer."""
    return Estimator().reply(body, model)


def load(folder: Path | None, models: Iterable[str]) -> Estimator:
    """The estimator for `models`, exact for those whose encoding's file is in `folder`.

    Raises:
        SettingsError: a file there is damaged.
    """
    known = frozenset(models)
    wanted = {family.encoding for family in map(families.of, known) if family.encoding is not None}
    return Estimator(known, encodings.load(folder, wanted))
