"""The shape of an OpenAI chat body: the few fields that the gateway relies on, checked and read.

Everything else is kept as the client sent it, because providers add fields faster than gateways learn them.
Source: OpenAI's API description, `CreateChatCompletionRequest`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Bounds of `policies/schemas/input.json`: a policy never sees a question that its schema excludes.
MAX_MODEL_CHARS = 256
MAX_TOOLS = 128
MAX_TOOL_CHARS = 128
MAX_TOKENS = 2**31 - 1
MAX_CHOICES = 128

LIMIT_FIELDS = ("max_completion_tokens", "max_tokens")
CHOICE_FIELDS = ("n", "best_of", "num_return_sequences", "candidate_count")
"""OpenAI's, and how vLLM, Transformers and Gemini say it."""
FIELDS = (
    "model",
    "messages",
    "stream",
    "stream_options",
    *LIMIT_FIELDS,
    *CHOICE_FIELDS,
    "tools",
    "functions",
    "web_search_options",
    "modalities",
)
"""Every field that is read here."""
# A tuple, because what the client sent may not be hashable.
_OUTPUTS = ("text", "audio", "image")
# OpenAI, xAI and Qwen; each has the upstream search the web, which is a tool without a place in `tools`.
_SEARCHES = ("web_search_options", "search_parameters", "enable_search")
_TOOL_SOURCES = frozenset({"tools", "functions", "tool_choice", *_SEARCHES})
_MESSAGE_FIELDS = frozenset({"role", "content"})
_PART_FIELDS = frozenset({"type", "text"})
_NAMED_TOOLS = ("function", "custom")
_TOOL_FIELDS = frozenset({"type", *_NAMED_TOOLS})
_NAME = frozenset({"name"})
_PART_MODALITIES = {
    "text": "text",
    "refusal": "text",
    "image_url": "image",
    "input_audio": "audio",
    "file": "file",
    "video_url": "video",
}


def invalid(param: str, message: str) -> Refused:
    """The refusal of one field; the message never quotes what the client sent."""
    return Refused("input.invalid", message, param=param)


def spelt(fields: Mapping[str, object], known: frozenset[str], param: str | None = None) -> None:
    """Refuse a field that is one of `known` in other letters.

    Servers written in Go match the names of JSON fields in any case (`encoding/json`, "Unmarshal"),
    so `Tools` or `MAX_TOKENS` beside what was read here would be what the upstream goes by.

    Args:
        param: where the fields stand; the body itself if None.

    Raises:
        Refused: `input.invalid`, with the name as it should be written.
    """
    # One look at all names together is cheap, and nearly every body passes here.
    names = "".join(fields)
    if names.isascii() and names.islower():
        return
    for field in fields:
        if field not in known and (meant := field.casefold()) in known:
            raise invalid(param or meant, f"`{meant}` must be written in lower case.")


def count(value: object, param: str, *, least: int = 1, most: int = MAX_TOKENS) -> int | None:
    """A whole number within bounds; null is as good as absent.

    Raises:
        Refused: `input.invalid` if it is no integer or less than `least`,
            `input.out_of_bounds` if it is more than `most`.
    """
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise invalid(param, f"`{param}` must be an integer of at least {least}.")
    if value > most:
        raise Refused("input.out_of_bounds", f"`{param}` must be at most {most}.", param=param)
    return value


def model(body: Mapping[str, object]) -> str:
    """The model that the client names.

    Raises:
        Refused: `input.invalid` if it is missing or no string, `input.out_of_bounds` if too long.
    """
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise invalid("model", "`model` must be a non-empty string.")
    if len(name) > MAX_MODEL_CHARS or not name.isprintable():
        raise Refused("input.out_of_bounds", "`model` is too long or not printable.", param="model")
    return name


def flag(body: Mapping[str, object], field: str) -> bool:
    """A boolean field; absent and null are False.

    Raises:
        Refused: `input.invalid` if it is anything else: a truthy string must not switch streaming on.
    """
    value = body.get(field)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise invalid(field, f"`{field}` must be true or false.")


def include_usage(body: Mapping[str, object]) -> bool:
    """Whether the client asked for the usage chunk of a stream."""
    options = body.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise invalid("stream_options", "`stream_options` must be an object.")
    return flag(options, "include_usage")


def completion_limit(body: Mapping[str, object]) -> int | None:
    """The smaller of the limits that the client set, in tokens; None if it set none."""
    limits = []
    for field in LIMIT_FIELDS:
        limit = count(body.get(field), field)
        if limit is not None:
            limits.append(limit)
    return min(limits) if limits else None


def choices(body: Mapping[str, object]) -> int | None:
    """How many answers the client has an upstream write to one prompt; None if it doesn't say.

    The most of `n` and its other names: of a hundred answers, of which the best is shown, each is written.
    """
    counts = (count(body.get(field), field, most=MAX_CHOICES) for field in CHOICE_FIELDS)
    return max((each for each in counts if each is not None), default=None)


def tools(body: Mapping[str, object]) -> tuple[str, ...]:
    """The names of the tools that the model is offered, sorted, without repeats.

    Only a function and a custom tool have names of their own.
    Every other tool goes by its type: a friendly name in it must not hide what it is.
    """
    if _TOOL_SOURCES.isdisjoint(body):
        return ()
    names = {_tool_name(tool) for tool in _objects(body, "tools")}
    names.update(_own_name(function) for function in _objects(body, "functions"))
    if any(body.get(field) not in (None, False) for field in _SEARCHES):
        names.add("web_search")
    chosen = body.get("tool_choice")
    if isinstance(chosen, dict) and chosen.get("type") not in (*_NAMED_TOOLS, "allowed_tools"):
        names.add(_tool_name(chosen))
    if len(names) > MAX_TOOLS or any(len(name) > MAX_TOOL_CHARS for name in names):
        raise Refused(
            "input.out_of_bounds", "There are too many tools, or one has too long a name.", param="tools"
        )
    return tuple(sorted(names))


def _tool_name(tool: Mapping[str, object]) -> str:
    spelt(tool, _TOOL_FIELDS, "tools")
    # Upstreams that don't insist on a type take a tool without one for a function.
    kind = tool.get("type", "function")
    if not isinstance(kind, str) or not kind:
        raise invalid("tools", "A tool's `type` must be a non-empty string.")
    return _own_name(tool.get(kind)) if kind in _NAMED_TOOLS else kind


def _own_name(tool: object) -> str:
    name = tool.get("name") if isinstance(tool, dict) else None
    if not isinstance(tool, dict) or not isinstance(name, str) or not name:
        raise invalid("tools", "Each function and each custom tool must have a name.")
    spelt(tool, _NAME, "tools")
    return name


def modalities(body: Mapping[str, object]) -> tuple[str, ...]:
    """Which kinds of content go in or are asked for (`text`, `image`, `audio`, `file`, ...), sorted.

    Raises:
        Refused: `input.invalid` if `messages` isn't a non-empty list of messages with roles.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "`messages` must be a non-empty array.")
    found = {"text"}
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise invalid("messages", "Each message must be an object with a `role`.")
        spelt(message, _MESSAGE_FIELDS, "messages")
        content = message.get("content")
        if content is None or isinstance(content, str):
            continue
        if not isinstance(content, list):
            raise invalid("messages", "`content` must be a string or an array of parts.")
        found.update(_part_modality(part) for part in content)
    wanted = body.get("modalities")
    if wanted is not None:
        if not isinstance(wanted, list) or not all(kind in _OUTPUTS for kind in wanted):
            raise invalid("modalities", "`modalities` must be an array of `text`, `audio` and `image`.")
        found.update(wanted)
    return tuple(sorted(found))


def _part_modality(part: object) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or not isinstance(kind, str):
        raise invalid("messages", "Each content part must be an object with a `type`.")
    spelt(part, _PART_FIELDS, "messages")
    return _PART_MODALITIES.get(kind, "other")


def texts(body: Mapping[str, object]) -> Iterator[str]:
    """Every text that the model is given in `messages`, for counting."""
    for message in _objects(body, "messages"):
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif isinstance(content, list):
            yield from (part["text"] for part in content if isinstance(part.get("text"), str))


def _objects(body: Mapping[str, object], field: str) -> list[dict[str, object]]:
    value = body.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid(field, f"`{field}` must be an array of objects.")
    return value
