"""What of a chat body becomes tokens: its texts, its tools, its images, sounds and files, its messages.

Whatever isn't known to be something else counts as text: an upstream may read fields that nobody here knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import orjson

from gateway.content.tokens.weights import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

# What stands for a message, a call and a part in any template; longer values may be texts in disguise.
_FRAME: Final = frozenset({"role", "type", "id", "tool_call_id", "index", "format", "detail", "filename"})
_FRAME_CHARS: Final = 64
_IMAGES: Final = frozenset({"image_url", "image", "input_image"})
_SOUNDS: Final = frozenset({"input_audio", "audio"})
_FILES: Final = frozenset({"file", "input_file", "document_url", "video_url", "video", "document"})
_SEARCHES: Final = ("web_search_options", "search_parameters", "enable_search")
_OFFERS: Final = ("tools", "functions", "response_format", "tool_prompt", "guided_json", "documents")
_SORTED: Final = frozenset({"messages", *_OFFERS, *_SEARCHES})
# What no model is told: names, and what the provider keeps beside the call.
_UNSAID: Final = frozenset({"model", "metadata", "user", "safety_identifier", "prompt_cache_key"})
_FUNCTIONS: Final = frozenset({"function", "custom", None})

PER_MESSAGE: Final = Estimate(3, 6)
PER_CALL: Final = Estimate(8, 40)
"""A tool call, its id and its frame."""
PER_FILE: Final = Estimate(1_000, 20_000)
"""A file by reference, whose size can't be seen."""
PER_SEARCH: Final = Estimate(2_000, 10_000)
"""What an upstream that searches the web by itself adds to a prompt."""
# Base64 characters for one token: of speech that is 24 kHz or compressed, of a PDF with images or without.
_SOUND_CHARS: Final = Estimate(1_000, 80)
_FILE_CHARS: Final = Estimate(40, 6)


@dataclass(slots=True)
class Parts:
    """What a body holds, sorted by how it is counted.

    Args:
        texts: everything that is text, in the order in which it was found.
        tools: the JSON of tools and of a schema for the answer.
        offers: whether tools or a schema are there.
        messages, calls, images: how many.
        media: tokens of sounds, files and searches.
        frame: bytes of what usually stands for a part of the template, and might be a text all the same.
    """

    texts: list[str] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    offers: bool = False
    messages: int = 0
    calls: int = 0
    images: int = 0
    media: Estimate = field(default_factory=lambda: Estimate(0, 0))
    frame: int = 0

    def add(self, more: Estimate, times: int = 1) -> None:
        """Count media."""
        self.media = Estimate(
            self.media.expected + more.expected * times, self.media.upper + more.upper * times
        )


def parts(body: Mapping[str, object]) -> Parts:
    """Sort what `body` holds; any JSON will do, well-formed or not."""
    found = Parts()
    messages = body.get("messages")
    if isinstance(messages, list):
        found.messages = len(messages)
        for message in messages:
            _message(message, found)
    for name in _OFFERS:
        _offer(name, body.get(name), found)
    if any(body.get(name) not in (None, False) for name in _SEARCHES):
        found.add(PER_SEARCH)
    for name, value in body.items():
        if name not in _SORTED and name not in _UNSAID:
            _beside(value, found)
    return found


def _beside(value: object, found: Parts) -> None:
    """A field that OpenAI's chat has no prompt in, or nobody here knows: an upstream may read it as one."""
    if isinstance(value, str):
        if len(value) <= _FRAME_CHARS:
            found.frame += len(value.encode("utf-8", "surrogatepass"))
        else:
            found.texts.append(value)
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _beside(inner, found)


def _offer(name: str, value: object, found: Parts) -> None:
    if not value:
        return
    found.tools.append(_json(value))
    if name == "response_format":
        found.offers |= isinstance(value, dict) and value.get("type") == "json_schema"
        return
    found.offers = True
    if name == "tools" and isinstance(value, list):
        searching = sum(1 for tool in value if isinstance(tool, dict) and not _is_function(tool))
        found.add(PER_SEARCH, searching)


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # deeper than orjson goes, or an integer of more than 64 bits
        return json.dumps(value)


def _is_function(tool: Mapping[str, object]) -> bool:
    kind = tool.get("type")
    return kind is None or (isinstance(kind, str) and kind in _FUNCTIONS)


def _message(message: object, found: Parts) -> None:
    if not isinstance(message, dict):
        _text(message, found)
        return
    for name, value in message.items():
        if name == "content" and isinstance(value, list):
            for part in value:
                _part(part, found)
        elif name == "tool_calls" and isinstance(value, list):
            found.calls += len(value)
            _text(value, found)
        else:
            _field(name, value, found)


def _part(part: object, found: Parts) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or not isinstance(kind, str):
        _text(part, found)
    elif kind in _IMAGES:
        found.images += 1
        # Qwen's and others' parts may carry a text beside.
        _text([value for name, value in part.items() if name not in _IMAGES and name not in _FRAME], found)
    elif kind in _SOUNDS:
        found.add(_by_size(part, _SOUND_CHARS))
    elif kind in _FILES:
        found.add(_by_size(part, _FILE_CHARS))
    else:
        _text(part, found)


def _by_size(part: Mapping[str, object], chars: Estimate) -> Estimate:
    """By the longest string in it, which is its data; a reference to a file says no size."""
    held = part
    for value in part.values():
        if isinstance(value, dict):
            held = value
    longest = max((len(value) for value in held.values() if isinstance(value, str)), default=0)
    if longest <= 2048:  # noqa: PLR2004 - a URL or an id
        return PER_FILE
    return Estimate(-(-longest // chars.expected), -(-longest // chars.upper))


def _field(name: str, value: object, found: Parts) -> None:
    if name in _FRAME and isinstance(value, str) and len(value) <= _FRAME_CHARS:
        found.frame += len(value.encode("utf-8", "surrogatepass"))
        return
    _text(value, found)


def _text(value: object, found: Parts) -> None:
    """Every string in `value`, however deep; the body's depth is bounded before."""
    if isinstance(value, str):
        found.texts.append(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _field(name, inner, found)
    elif isinstance(value, list):
        for inner in value:
            _text(inner, found)
