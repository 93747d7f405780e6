"""What `regent serve` prints when it is up: where it is, what to paste, and a warning nobody can miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.identity import development

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.settings import Settings

_CURL = """curl {url}/v1/chat/completions{more} -H 'Content-Type: application/json' \\
  -H 'Authorization: Bearer {token}' \\
  -d '{body}'"""
_HELLO = '"messages": [{"role": "user", "content": "Hello Regent"}]'
_EXAMPLES = (
    (
        "Allowed: an analyst in sales uses a small model.",
        ("alice", "sales", "analyst"),
        "",
        '{"model": "demo-small", ' + _HELLO + "}",
    ),
    (
        "The same, streamed.",
        ("alice", "sales", "analyst"),
        " -N",
        '{"model": "demo-small", "stream": true, ' + _HELLO + "}",
    ),
    (
        "Refused, with its reason: HR data stays on-prem, and this model runs in the cloud only.",
        ("heidi", "hr", "analyst"),
        "",
        '{"model": "demo-cloud-only", ' + _HELLO + "}",
    ),
)


def text(chosen: Settings, command: str = "regent", unpriced: Sequence[str] = ()) -> str:
    """The welcome for these settings; with the development identity on, three lines to paste.

    Args:
        command: how this program can be called again from here.
        unpriced: the deployments that have no price.
    """
    url = f"http://{chosen.server.host}:{chosen.server.port}"
    lines = ["", f"Regent is listening on {url}  (OpenAI-compatible: {url}/v1)"]
    if chosen.identity.development.enabled:
        lines += ["", development.WARNING, *_examples(chosen, url)]
    if unpriced:
        lines += ["", f"No price is known of {', '.join(unpriced)}: see `{command} prices`."]
    lines += [
        "",
        f"What was decided:   {command} audit query",
        f"Is the log whole:   {command} audit verify",
        "",
    ]
    return "\n".join(lines)


def _examples(chosen: Settings, url: str) -> list[str]:
    lines = []
    for title, (user, team, role), more, body in _EXAMPLES:
        token = development.issue(chosen.data_dir, user, team=team, roles=(role,), ttl_s=3600)
        lines += ["", f"# {title}", _CURL.format(url=url, more=more, token=token, body=body)]
    return lines
