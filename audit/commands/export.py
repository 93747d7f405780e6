"""`regent audit export`: a part of the log as an evidence pack, for somebody who trusts nobody here."""

import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from audit.commands import handing_over
from audit.commands.house import Policies, Sealed, contents_of, house_of, source_of
from audit.commands.journal import origin
from audit.commands.query import Decided, kinds_of
from audit.commands.refusal import refusal
from audit.errors import AuditError
from audit.evidence import proving, reports, selection
from audit.evidence.export import export
from audit.evidence.finding import index_of
from audit.evidence.pack import Contents, Order, Reports
from audit.evidence.published import Published
from audit.evidence.refused import EvidenceRefused
from audit.evidence.selection import Selection
from audit.index.wanted import Filter
from audit.instants import instant_us
from audit.reading.source import Source

LABELS = ("input", "req", "resp")
_MOST_RECEIPTS_BYTES = 64_000_000
_RECEIPT = re.compile(
    rb"v1( [!-~]{1,400}){2}( [0-9]{1,19}){2} [!-~]{1,64}( [0-9]{1,19}){2} [0-9a-f]{8} [!-~]{1,400}"
)
"""Origin, writer, boot, number, leaf, time, delay, key, signature."""


@dataclass(frozen=True, slots=True)
class _Entries:
    """Which entries are wanted, as options say it."""

    since_us: int | None
    until_us: int | None
    between: str | None
    ids: tuple[str, ...]
    indices: tuple[int, ...]
    wanted: Filter

    @property
    def narrows(self) -> bool:
        """Whether some of the range's entries are to be left out."""
        return self.wanted != Filter(kinds=None)

    def select(self, published: Published, source: Source) -> Selection:
        """Return them.

        Raises:
            AuditError: there are none, or the log can't be read.
        """
        if self.ids or self.indices:
            found = [index_of(published, each) for each in self.ids]
            return selection.single(published, [*found, *self.indices])
        if self.between:
            within = selection.between(published, *_range(self.between))
        elif self.since_us is not None or self.until_us is not None:
            within = selection.period(published, self.since_us, self.until_us)
        else:
            within = selection.whole(published)
        if not self.narrows:
            return within
        wanted = replace(self.wanted, since_us=self.since_us, until_us=self.until_us)
        return selection.filtered(published, within, wanted, self._sref(source))

    def _sref(self, source: Source) -> str | None:
        if self.wanted.subject is None:
            return None
        with source.reading() as beside:
            sref = beside.look_up(self.wanted.subject)
        if sref is None:
            raise EvidenceRefused("evidence.empty", "the vault knows no such subject")
        return sref


def register(app: typer.Typer) -> None:
    """Mount the command."""

    @app.command("export")
    def command(  # noqa: PLR0913 - one option per choice
        context: typer.Context,
        *,
        output: Annotated[
            Path, typer.Option("--output", "-o", help="A new file; compressed if it ends in .gz.")
        ] = Path("evidence.tar"),
        since: Annotated[
            str | None, typer.Option(help="RFC 3339 time, or a span back from now: 7d, 24h.")
        ] = None,
        until: Annotated[str | None, typer.Option(help="The same; exclusive.")] = None,
        between: Annotated[
            str | None, typer.Option("--range", help="Entries by their index, both included: 100-299.")
        ] = None,
        subject: Annotated[str | None, typer.Option(help="Only records about whom, by full id.")] = None,
        tenant: Annotated[str | None, typer.Option(help="Only of this organization.")] = None,
        team: Annotated[str | None, typer.Option(help="Only of this team.")] = None,
        model: Annotated[str | None, typer.Option(help="Only for this model.")] = None,
        decision: Annotated[Decided | None, typer.Option(help="Only what was decided so.")] = None,
        reason: Annotated[str | None, typer.Option(help="Only for this reason code.")] = None,
        rule: Annotated[str | None, typer.Option(help="Only where this rule fired.")] = None,
        control: Annotated[str | None, typer.Option(help="Only where this control was served.")] = None,
        deployment: Annotated[str | None, typer.Option(help="Only answered by this deployment.")] = None,
        kind: Annotated[list[str] | None, typer.Option(help="Only this kind of record; repeatable.")] = None,
        record_id: Annotated[
            list[str] | None, typer.Option("--id", help="A single record, with a proof; repeatable.")
        ] = None,
        index: Annotated[
            list[int] | None, typer.Option(help="The same by its index in the log; repeatable.")
        ] = None,
        disclose: Annotated[
            str | None,
            typer.Option(help="Contents to hand over: input (what was asked of policies), req, resp."),
        ] = None,
        earlier: Annotated[
            list[str] | None,
            typer.Option("--kept", help="A checkpoint that the auditor kept, or its size; repeatable."),
        ] = None,
        receipts: Annotated[
            list[Path] | None, typer.Option(help="A file of receipts to put in; repeatable.")
        ] = None,
        trust: Annotated[
            Path | None, typer.Option(help="A tlog-policy to put in, for information; names the witnesses.")
        ] = None,
        bundles: Annotated[bool, typer.Option(help="Put in the policies that decided.")] = True,
        pdf: Annotated[
            bool | None, typer.Option("--pdf/--no-pdf", help="A report as PDF; where reportlab is installed.")
        ] = None,
        by: Annotated[
            str, typer.Option(help="Who asks for it: a role or a name of the house.")
        ] = handing_over.OPERATOR,
    ) -> None:
        """Hand over a part of the log, with proof, as one file. The log gets a record of it.

        Whole unless options narrow it. Filters show what matches, and of all others between the hashes.
        Exit codes: 0 written, 2 not understood, 40 the log can't be read, or nothing is there to export.
        """
        entries = _Entries(
            _instant_us(since),
            _instant_us(until),
            between,
            tuple(record_id or ()),
            tuple(index or ()),
            Filter(
                subject=subject,
                tenant=tenant,
                team=team,
                model=model,
                action=decision.value if decision else None,
                reason_code=reason,
                rule=rule,
                control=control,
                deployment=deployment,
                kinds=kinds_of(kind) if kind else None,
            ),
        )
        if (entries.ids or entries.indices) and (entries.narrows or since or until or between):
            raise typer.BadParameter("single entries are named by --id and --index alone")
        labels = _labels(disclose)
        who, folder, house = handing_over.actor(by), Path(context.obj), house_of(context)
        try:
            source = source_of(house, folder)
            published = Published.open(folder)
            chosen = entries.select(published, source)
            if not chosen.count and chosen.kind == "single":
                raise EvidenceRefused("evidence.empty", "nothing was asked for")
            order = Order(
                chosen,
                earlier=[_size(published, each) for each in earlier or ()],
                receipts=[_receipts(path, origin(folder)) for path in receipts or ()],
                trust=_given(trust, _MOST_RECEIPTS_BYTES) if trust else None,
                labels=labels,
                tool=_tool(),
            )

            def announce(made: Contents) -> None:
                handing_over.record(folder, house, by=who, what="export", wanted=_said(made), n=chosen.count)

            made = export(
                published,
                order,
                output,
                announce=announce,
                sealing_key=sealing_key(house, labels),
                contents=lambda: contents_of(house, folder),
                bundles=house.bundle_archive if bundles and isinstance(house, Policies) else None,
                reports=_reports(pdf),
            )
        except (AuditError, OSError) as error:
            raise refusal(str(error)) from error
        _tell(made, output)


def _said(made: Contents) -> dict[str, Any]:
    """Return what was handed over, as codes."""
    order = made.order
    facts: dict[str, Any] = {**(order.selection.wanted or {}), "size": made.published.size}
    if order.selection.span:
        facts["range"] = list(order.selection.span)
    if order.labels:
        facts["disclosed"] = list(order.labels)
    return facts


def _tell(made: Contents, output: Path) -> None:
    chosen, census = made.order.selection, made.census
    sys.stdout.write(f"{output}: {chosen.count} records, {chosen.kind}, of {made.published.size}\n")
    for (label, result), n in sorted(made.released.items()):
        sys.stdout.write(f"  {label}: {n} {result}\n")
    lacking = sorted({policy.revision or policy.digest for policy, name in made.bundles.items() if not name})
    for revision in lacking:
        sys.stderr.write(f"policy {revision} is not in the pack: it was not found, or not looked for\n")
    if census.unread:
        sys.stderr.write(f"{census.unread} entries are no records: see `regent audit verify`\n")


def _reports(pdf: bool | None) -> Reports:  # noqa: FBT001 - as the option has it
    if pdf is False:
        return reports.html_alone
    if pdf is None and importlib.util.find_spec("reportlab") is None:
        sys.stderr.write("no report.pdf: it needs reportlab, pip install 'regent[pdf]'\n")
        return reports.html_alone
    return reports.html_and_pdf


def sealing_key(house: object, labels: Sequence[str]) -> bytes | None:
    """Return what opens payloads, if any are asked for.

    Raises:
        LogUnavailable: `vault.key`.
    """
    wanted = isinstance(house, Sealed) and any(label != "input" for label in labels)
    return house.sealing_key() if wanted and isinstance(house, Sealed) else None


def _labels(text: str | None) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(each.strip() for each in (text or "").split(",") if each.strip()))
    if wrong := [each for each in found if each not in LABELS]:
        raise typer.BadParameter(f"{', '.join(wrong)} can't be disclosed; {', '.join(LABELS)} can")
    return found


def _size(published: Published, given: str) -> int:
    """Return the size that is meant by a number, or by a file with a checkpoint."""
    if given.isdecimal() and given.isascii():
        return int(given)
    return proving.kept_size(published, _given(Path(given), _MOST_RECEIPTS_BYTES))


def _given(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise EvidenceRefused("evidence.input", f"{path}: {error.strerror}") from error
    if len(data) > limit:
        raise EvidenceRefused("evidence.input", f"{path} is larger than {limit} bytes")
    return data


def _receipts(path: Path, name: str) -> bytes:
    """Return a file of receipts of this log; whether they are genuine is for whoever verifies the pack.

    Raises:
        EvidenceRefused: `evidence.input`: it holds something else, which would leave the house with the pack.
    """
    data = _given(path, _MOST_RECEIPTS_BYTES)
    for row, line in enumerate(data.split(b"\n"), 1):
        if line.strip() and not _RECEIPT.fullmatch(line.rstrip(b"\r")):
            raise EvidenceRefused("evidence.input", f"{path}:{row}: it is no receipt of version 1")
        if line.strip() and line.split(b" ")[1] != name.encode():
            raise EvidenceRefused("evidence.input", f"{path}:{row}: it is a receipt of another log")
    if not data.strip():
        raise EvidenceRefused("evidence.input", f"{path} holds no receipt")
    return data


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and text.isascii()):
        raise typer.BadParameter(f"{text!r} is no range such as 100-299")
    return int(first), int(last)


def _instant_us(text: str | None) -> int | None:
    try:
        return None if text is None else instant_us(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _tool() -> str:
    try:
        return f"regent {importlib.metadata.version('regent')}"
    except importlib.metadata.PackageNotFoundError:
        return "regent"
