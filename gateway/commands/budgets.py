"""`regent budgets`: how a budget stands and its corrections, asked of a running gateway with one's own token.

Says the same as `curl` at `/v1/budgets/...` would: the gateway's policy decides, and its log has the record.
"""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NoReturn

import httpx
import orjson
import typer

app = typer.Typer(no_args_is_help=True)

_TIMEOUT_S: Final = 30.0
_TOKEN_BYTES: Final = 65_536
_ISSUER: Final = (
    "With --row: the `iss` of the user's tokens; the development identity's is "
    "https://development.regent.invalid."
)

Url = Annotated[str, typer.Option(help="The gateway.")]
TokenFile = Annotated[
    Path, typer.Option(help="A file with the token of who asks; `-` reads it from the standard input.")
]
Key = Annotated[str | None, typer.Option(help="The budget's key, as the policy spells it.")]
Row = Annotated[str | None, typer.Option(help="Or its row in the policy's data, of a user's budget.")]
Issuer = Annotated[str | None, typer.Option(help=_ISSUER)]
User = Annotated[str | None, typer.Option(help="With --row: the user's full id.")]
Sum = Annotated[int, typer.Option(help="The budget's sum in micro-USD, as its row says it.", min=1)]
Period = Annotated[str | None, typer.Option(help="Of a budget of the calendar: day, week, month, ...")]
Zone = Annotated[str | None, typer.Option(help="The time zone of its periods.")]
Window = Annotated[int | None, typer.Option(help="Of a rolling budget: its window in seconds.", min=1)]


@app.command()
def standing(  # noqa: PLR0913 - one option per field of the question
    *,
    token_file: TokenFile,
    sum_usd_micros: Sum,
    url: Url = "http://127.0.0.1:8080",
    key: Key = None,
    row: Row = None,
    issuer: Issuer = None,
    user: User = None,
    period: Period = None,
    time_zone: Zone = None,
    window_s: Window = None,
) -> None:
    """Show how a budget stands."""
    whose = _whose(key, row, issuer, user, sum_usd_micros, period, time_zone, window_s)
    _show(_asked(url, token_file, "GET", "/v1/budgets/standing", params=whose))


@app.command()
def correct(  # noqa: PLR0913 - as above
    kind: Annotated[Literal["reset", "top_up", "carry_over"], typer.Argument(help="What is to be done.")],
    *,
    token_file: TokenFile,
    sum_usd_micros: Sum,
    url: Url = "http://127.0.0.1:8080",
    key: Key = None,
    row: Row = None,
    issuer: Issuer = None,
    user: User = None,
    period: Period = None,
    time_zone: Zone = None,
    window_s: Window = None,
    usd_micros: Annotated[int | None, typer.Option(help="Of a top-up: how much, in micro-USD.")] = None,
    create: Annotated[bool, typer.Option(help="Also if nothing is counted under it yet.")] = False,
) -> None:
    """Reset a budget, top it up, or carry over what the period before has left."""
    whose = _whose(key, row, issuer, user, sum_usd_micros, period, time_zone, window_s)
    wish = {**whose, "kind": kind, "usd_micros": usd_micros, "create": create or None}
    said = {name: value for name, value in wish.items() if value is not None}
    _show(_asked(url, token_file, "POST", "/v1/budgets/corrections", json=said))


def _whose(*values: object) -> dict[str, Any]:
    names = ("key", "row", "issuer", "user", "sum_usd_micros", "period", "time_zone", "window_s")
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _asked(url: str, token_file: Path, method: str, path: str, **what: Any) -> httpx.Response:
    address = _address(url)
    head = {"authorization": f"Bearer {_token(token_file)}"}
    try:
        # No proxy of the environment, and no redirection: the token goes to nobody but the gateway.
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
            return client.request(method, address.join(path), headers=head, **what)
    except httpx.HTTPError as error:
        _fail(f"{address.host} doesn't answer: {type(error).__name__}")


def _address(url: str) -> httpx.URL:
    """The gateway's address; a token leaves this machine under TLS only."""
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        _fail("--url is none")
    if not found.host or found.scheme not in {"http", "https"} or found.userinfo:
        _fail("--url is an http or https address without a password")
    if found.scheme == "http" and not _is_here(found.host):
        _fail("a token goes to another machine by https only")
    return found


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token(path: Path) -> str:
    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as file:
            found = file.read(_TOKEN_BYTES).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        _fail(f"there is no token to be read in {path}")
    if not found or not found.isprintable() or " " in found:
        _fail(f"there is no token in {path}")
    return found


def _show(answer: httpx.Response) -> None:
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        _fail(f"the answer is none of a gateway ({answer.status_code})")
    if answer.is_success:
        typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2))
        return
    error = body.get("error", {}) if isinstance(body, dict) else {}
    # Of the other side's text nothing that a terminal would obey.
    said = "".join(each for each in str(error.get("message", "")) if each.isprintable())
    _fail(f"{answer.status_code} {error.get('code')!s:.64}: {said:.500}")


def _fail(text: str) -> NoReturn:
    typer.echo(f"regent: {text}", err=True)
    raise typer.Exit(1)
