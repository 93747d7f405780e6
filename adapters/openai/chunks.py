"""Passes the chunks of one stream on and learns from them; parses only those that say something new.

Nine of ten chunks carry nothing but text and cost a few substring searches. The searches cannot be misled by
generated text: inside a JSON string each quote is escaped, so a bare `"usage"` is a key or a whole string.
"""

from typing import Any

import orjson

from adapters import failures
from adapters.contract import Secret, Usage
from adapters.openai.facts import read_usage, read_word
from adapters.openai.tool_calls import ToolCallNumbers


class Chunks:
    """What one stream has said so far.

    Args:
        include_usage: Whether the client asked for the usage chunk.
        choices: How many choices were asked for (`n`).
        secret: Our key, to be cut out of errors.

    Attributes:
        model: The model that the provider says answers.
        response_id: The provider's id of the answer.
        finish_reason: Of the first choice, in the provider's word.
    """

    def __init__(self, *, include_usage: bool, choices: int, secret: Secret | None) -> None:
        self.model: str | None = None
        self.response_id: str | None = None
        self.finish_reason: str | None = None
        self._created: object = 0
        self._include_usage = include_usage
        self._choices = choices
        self.secret = secret
        self._begun = False
        self._finished: set[int] = set()
        self._tool_calls = ToolCallNumbers()
        self._usage: dict[str, Any] | None = None
        self._usage_chunk: bytes | None = None

    @property
    def usage(self) -> Usage | None:
        """What the provider reported last."""
        return read_usage(self._usage)

    @property
    def finished(self) -> bool:
        """Whether every choice has its finish reason."""
        return len(self._finished) >= self._choices

    def take(self, chunk: bytes) -> bytes | None:
        """Read one chunk.

        Args:
            chunk: The data of one event, not `[DONE]`.

        Returns:
            What the client gets: the same bytes unless something had to be taken out or corrected;
            None for the usage chunk, which is kept back for `usage_chunk`.

        Raises:
            UpstreamError: It is an error, or no JSON object.
        """
        if chunk[:1] != b"{" or chunk[-1:] != b"}":
            raise failures.malformed()
        if not self._include_usage and b'"usage"' in chunk:
            # OpenAI puts it into each chunk, since we always ask for the usage.
            chunk = chunk.replace(b',"usage":null', b"")
        if self._begun and not self._is_telling(chunk):
            return chunk
        return self._read(chunk)

    def usage_chunk(self) -> bytes | None:
        """The one usage chunk that goes before `[DONE]`; None if the client didn't ask or there is none."""
        if not self._include_usage or self._usage is None:
            return None
        return self._usage_chunk or orjson.dumps(
            {
                "id": self.response_id or "",
                "object": "chat.completion.chunk",
                "created": self._created,
                "model": self.model or "",
                "choices": [],
                "usage": self._usage,
            }
        )

    def _is_telling(self, chunk: bytes) -> bool:
        return (
            chunk.count(b'"finish_reason"') != chunk.count(b'"finish_reason":null')
            or b'"tool_calls"' in chunk
            or b'"error"' in chunk
            or (b'"usage"' in chunk and not self._has_null_usage_only(chunk))
            or b'"x_groq"' in chunk
        )

    def _has_null_usage_only(self, chunk: bytes) -> bool:
        return self._include_usage and chunk.count(b'"usage"') == chunk.count(b'"usage":null')

    def _read(self, chunk: bytes) -> bytes | None:
        try:
            parsed = orjson.loads(chunk)
        except orjson.JSONDecodeError as error:
            raise failures.malformed() from error
        if parsed.get("error") or parsed.get("object") == "error":
            raise failures.from_event(chunk, self.secret)
        choices = parsed.get("choices")
        choices = (
            [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
        )
        self._note_source(parsed)
        self._begun = self._begun or bool(choices)
        changed = False
        for choice in choices:
            changed |= self._read_choice(choice, chunk)
        if not choices and isinstance(parsed.get("usage"), dict):
            self._usage, self._usage_chunk = parsed["usage"], chunk
            return None
        changed |= self._move_usage(parsed)
        try:
            return orjson.dumps(parsed) if changed else chunk
        except orjson.JSONEncodeError as error:  # nested deeper than it writes: built to hurt
            raise failures.malformed() from error

    def _note_source(self, parsed: dict[str, Any]) -> None:
        """Keep what a usage chunk of our own would have to repeat. Azure's first chunk leaves it empty."""
        self.model = read_word(parsed.get("model")) or self.model
        self.response_id = read_word(parsed.get("id")) or self.response_id
        self._created = parsed.get("created") or self._created

    def _read_choice(self, choice: dict[str, Any], chunk: bytes) -> bool:
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        reason = read_word(choice.get("finish_reason"))
        if reason == "error":
            raise failures.from_event(orjson.dumps(choice) if choice.get("error") else chunk, self.secret)
        if reason is not None:
            self._finished.add(index)
            if index == 0:
                self.finish_reason = reason
        delta = choice.get("delta")
        calls = delta.get("tool_calls") if isinstance(delta, dict) else None
        return isinstance(calls, list) and self._tool_calls.renumber(index, calls)

    def _move_usage(self, parsed: dict[str, Any]) -> bool:
        """Take the usage out of a chunk that has other things to say (Mistral, Groq)."""
        usage = parsed.get("usage")
        groq = parsed.get("x_groq")
        changed = False
        if isinstance(usage, dict):
            self._usage, self._usage_chunk = usage, None
            parsed["usage"] = None
            changed = True
        if isinstance(groq, dict) and isinstance(groq.get("usage"), dict):
            self._usage = self._usage or groq["usage"]
            if not self._include_usage:
                del groq["usage"]
                changed = True
        if not self._include_usage and "usage" in parsed:
            del parsed["usage"]
            changed = True
        return changed
