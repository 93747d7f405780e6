"""How far token estimates are off, on recorded traffic, and what they cost in CPU.

Run as `python -m bench.tokens [--bpe FOLDER]`. The recordings aren't part of the repository:
where they aren't, only the cost is shown.
"""

from __future__ import annotations

import argparse
import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from time import process_time_ns
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from gateway.content import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

RECORDINGS = Path(__file__).parents[2] / "shared" / "data" / "provider-traffic"
_RUNS = 5
_MODELS = ("gpt-4o", "gpt-4", "")
_PROSE = "Every request becomes one question, a policy decides it, and the gateway obeys. "
_BODIES: dict[str, list[dict[str, Any]]] = {
    "a short message": [{"role": "user", "content": _PROSE * 3}],
    "10 MB of prose": [{"role": "user", "content": _PROSE * 125_000}],
    "10 MB of a1a1a1": [{"role": "user", "content": "a1" * 5_000_000}],
    "10 MB of Hindi": [{"role": "user", "content": "नियम के बिना कोई अनुमति नहीं " * 140_000}],
    "250,000 messages": [{"role": "user", "content": "a"}] * 250_000,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One recorded prompt: what was estimated of it, and what its provider counted."""

    name: str
    model: str
    reported: int
    estimate: tokens.Bounded
    body: Mapping[str, Any] = field(repr=False)

    @property
    def ratio(self) -> float:
        """What was expected, over what was counted."""
        return self.estimate.expected / self.reported


@dataclass(frozen=True, slots=True)
class Summary:
    """The errors of many; an error is the distance from what was counted, as a part of it."""

    prompts: int
    median_error: float
    p95_error: float
    lowest: float
    highest: float
    exceeded: int
    median_upper: float
    out_of_bounds: int
    median_bound: float


def recorded(estimator: tokens.Estimator) -> list[Measured]:
    """Every recorded chat completion whose answer says how many tokens its prompt had."""
    return [
        Measured(
            row["name"],
            model,
            reported,
            estimator.prompt(row["request"]["body"], [model]),
            row["request"]["body"],
        )
        for path in sorted(RECORDINGS.glob("*.jsonl.gz"))
        for row in _rows(path)
        if (reported := _reported(row["response"]))
        for model in [_model(row)]
    ]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            body = (row["request"] or {}).get("body")
            if (
                row["surface"] in {"chat/completions", "openai"}
                and isinstance(body, dict)
                and "messages" in body
            ):
                yield row


def _model(row: Mapping[str, Any]) -> str:
    """The model; of Azure what its answer says, because there the request says what the customer calls it."""
    told = next((chunk["model"] for chunk in _chunks(row["response"]) if chunk.get("model")), "")
    return str(told if row["provider"] == "azure_openai" else row["request"]["body"].get("model") or told)


def _reported(response: Mapping[str, Any]) -> int:
    if response["status"] != 200:
        return 0
    found = 0
    for chunk in _chunks(response):
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or {}
        found = usage.get("prompt_tokens") or found
    return found


def _chunks(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = response.get("body_text") or ""
    lines = [line[5:] for line in text.splitlines() if line.startswith("data:")] or [text]
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [chunk for chunk in found if isinstance(chunk, dict)]


def summary(measured: Sequence[Measured]) -> Summary:
    """The errors of `measured`, at least two of them."""
    errors = [abs(each.ratio - 1) for each in measured]
    ratios = [each.ratio for each in measured]
    return Summary(
        prompts=len(measured),
        median_error=median(errors),
        p95_error=quantiles(errors, n=20, method="inclusive")[-1],
        lowest=min(ratios),
        highest=max(ratios),
        exceeded=sum(each.reported > each.estimate.upper for each in measured),
        median_upper=median(each.estimate.upper / each.reported for each in measured),
        out_of_bounds=sum(each.reported > each.estimate.bound for each in measured),
        median_bound=median(each.estimate.bound / each.reported for each in measured),
    )


def _groups(measured: Sequence[Measured]) -> Iterator[tuple[str, list[Measured]]]:
    yield "all", list(measured)
    yield "200 tokens and more", [each for each in measured if each.reported >= 200]
    yield "text alone", [each for each in measured if _plain(each.body)]
    yield "with tools", [each for each in measured if each.body.get("tools") or each.body.get("functions")]
    yield "with images, sounds, files", [each for each in measured if _has_media(each.body)]
    yield "OpenAI's models", [each for each in measured if "gpt" in each.model or each.model[:1] == "o"]
    yield "Claude", [each for each in measured if "claude" in each.model]
    yield "not ASCII", [each for each in measured if not json.dumps(each.body, ensure_ascii=False).isascii()]


def _has_media(body: Mapping[str, Any]) -> bool:
    contents = [message.get("content") for message in body["messages"]]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return any(part.get("type") not in {"text", "thinking"} for part in parts)


def _plain(body: Mapping[str, Any]) -> bool:
    extra = ("tools", "functions", "response_format", "web_search_options", "search_settings")
    return not any(body.get(name) for name in extra) and not _has_media(body)


def _errors(estimator: tokens.Estimator) -> Table:
    measured = recorded(estimator)
    table = Table("prompts", title=f"Recorded prompts; exact: {', '.join(estimator.exact) or 'nothing'}")
    heads = "number, median error, p95, lowest, highest, upper exceeded, upper / counted"
    heads += ", bound exceeded, bound / counted"
    for head in heads.split(", "):
        table.add_column(head, justify="right")
    for name, group in _groups(measured):
        if len(group) > 1:
            found = summary(group)
            table.add_row(
                name,
                str(found.prompts),
                f"{found.median_error:.0%}",
                f"{found.p95_error:.0%}",
                f"x {found.lowest:.2f}",
                f"x {found.highest:.2f}",
                str(found.exceeded),
                f"x {found.median_upper:.2f}",
                str(found.out_of_bounds),
                f"x {found.median_bound:.2f}",
            )
    return table


def _costs(estimator: tokens.Estimator) -> Table:
    table = Table("body", "bytes", "us of CPU", "us a kB")
    for name, messages in _BODIES.items():
        body = {"messages": messages}
        size = len(json.dumps(body, ensure_ascii=False).encode())
        us = _cpu_us(lambda body=body: estimator.prompt(body, _MODELS[:1]))  # type: ignore[misc]
        table.add_row(name, f"{size:,}", f"{us:,.0f}", f"{us * 1000 / size:.1f}")
    return table


def _cpu_us(work: Callable[[], object]) -> float:
    """The least CPU time of some runs, each of 20 ms at least."""
    work()
    times = []
    for _ in range(_RUNS):
        started, rounds = process_time_ns(), 0
        while (spent := process_time_ns() - started) < 20_000_000:
            work()
            rounds += 1
        times.append(spent / rounds / 1000)
    return min(times)


def main(arguments: list[str] | None = None) -> None:
    """Show both tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.tokens", description=__doc__)
    parser.add_argument("--bpe", type=Path, help="folder with tiktoken's files")
    chosen = parser.parse_args(arguments)
    console, estimator = Console(width=130), tokens.load(chosen.bpe, _MODELS)
    if RECORDINGS.is_dir():
        console.print(_errors(estimator))
    else:
        console.print(f"The recorded traffic is not at {RECORDINGS}: only the cost is measured.")
    console.print(_costs(estimator))


if __name__ == "__main__":
    main()
