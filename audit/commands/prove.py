"""`regent audit prove`: the proof that one record stands in the log, as a file that others can check."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import orjson
import typer

from audit.commands import handing_over
from audit.commands.export import LABELS, sealing_key
from audit.commands.house import contents_of, house_of, source_of
from audit.commands.refusal import refusal
from audit.errors import AuditError
from audit.evidence import proving
from audit.evidence.finding import index_of
from audit.evidence.published import Published
from audit.evidence.refused import EvidenceRefused
from audit.evidence.released import Contents, Releases


def register(app: typer.Typer) -> None:
    """Mount the command."""

    @app.command("prove")
    def command(
        context: typer.Context,
        *,
        record_id: Annotated[str | None, typer.Option("--id", help="Id of the record.")] = None,
        index: Annotated[int | None, typer.Option(min=0, help="Its index in the merged log.")] = None,
        disclose: Annotated[
            list[str] | None,
            typer.Option(help="A content to hand over with it: input, req or resp; repeatable. Needs -o."),
        ] = None,
        output: Annotated[
            Path | None,
            typer.Option("--output", "-o", help="A new file; the record goes beside it, ending in .json."),
        ] = None,
        by: Annotated[
            str, typer.Option(help="Who asks for a content: a role or a name of the house.")
        ] = handing_over.OPERATOR,
    ) -> None:
        """Prove that a record stands in the log: a C2SP tlog-proof, to the screen or to a file.

        What is disclosed goes beside the file, ending in .disclosed.jsonl, and leaves a record in the log.
        Exit codes: 0 proven, 2 not understood, 40 there is no such record, or it is not merged yet.
        """
        if (record_id is None) == (index is None):
            raise typer.BadParameter("name one record: --id, or --index")
        labels = tuple(disclose or ())
        if wrong := [each for each in labels if each not in LABELS]:
            raise typer.BadParameter(f"{', '.join(wrong)} can't be disclosed; {', '.join(LABELS)} can")
        if labels and output is None:
            raise typer.BadParameter("what is disclosed needs a place: --output")
        who, folder, house = handing_over.actor(by), Path(context.obj), house_of(context)
        try:
            source_of(house, folder)  # a copy is brought up to date
            published = Published.open(folder)
            place = index_of(published, record_id) if record_id is not None else index or 0
            entry, proof = published.entry(place), proving.prove(published, place)
            if output is None:
                sys.stdout.write(proof.decode())
                return
            beside = {output: proof, _beside(output, ".json"): entry}
            if labels:
                key = sealing_key(house, labels)
                beside[_beside(output, ".disclosed.jsonl")] = _disclosed(
                    contents_of(house, folder), entry, labels, key
                )
            _refuse_if_there(list(beside))
            if labels:
                wanted = {"index": place, "disclosed": list(labels)}
                handing_over.record(folder, house, by=who, what="proof", wanted=wanted, n=1)
            for path, data in beside.items():
                with path.open("xb") as file:  # never over what is there
                    path.chmod(0o600)
                    file.write(data)
        except (AuditError, OSError) as error:
            raise refusal(str(error)) from error
        sys.stdout.writelines(f"{path}\n" for path in beside)


def _disclosed(contents: Contents, entry: bytes, labels: tuple[str, ...], key: bytes | None) -> bytes:
    """Return what is disclosed of a record, all of it or nothing.

    Raises:
        EvidenceRefused: `evidence.empty`: something of it is not at hand.
    """
    with closing(Releases(contents, labels, key)) as releases:
        lines = list(releases.of(orjson.loads(entry)))
    lacking = [f"{label} is {result}" for label, result in releases.counts if result != "released"]
    if lacking or len(lines) < len(labels):
        said = ", ".join(lacking) or "the record commits to no such content"
        raise EvidenceRefused("evidence.empty", f"there is nothing to disclose: {said}")
    return b"".join(lines)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _refuse_if_there(paths: list[Path]) -> None:
    for path in paths:
        if path.exists():
            raise EvidenceRefused("evidence.exists", f"{path} exists already; it was left as it is")
