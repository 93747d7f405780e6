"""Published signed notes to open."""

import base64

import pytest

from audit.tlog.keys import KeyRefused, VerifierKey
from audit.tlog.note import NoteRefused, open_note
from tests.audit.tlog.vectors import Row, rows

CODES = {
    "unverified": "note.unverified",
    "invalid-signature": "note.signature",
    "malformed": "note.malformed",
    "ambiguous-key": "note.ambiguous_key",
}


@pytest.mark.parametrize("row", rows("notes.jsonl"))
def test_verdict(row: Row) -> None:
    """A note opens to its text and signers, or is refused for the stated reason."""
    data = base64.b64decode(row["note_b64"]) if "note_b64" in row else row["note"].encode()
    if row.get("remark", "").startswith("signature type other than"):
        # keys of these types are refused before any note is looked at, as the remark allows
        with pytest.raises(KeyRefused) as no_key:
            [VerifierKey.parse(vkey) for vkey in row["vkeys"]]
        assert no_key.value.code == "key.type"
        return
    keys = [VerifierKey.parse(vkey) for vkey in row["vkeys"]]
    if row["result"] != "ok":
        with pytest.raises(NoteRefused) as refused:
            open_note(data, keys)
        assert refused.value.code == CODES[row["result"]]
        return
    opened = open_note(data, keys)
    assert opened.text == row["text"]
    assert [key.label for key, _ in opened.verified] == row["verified"]
    assert [line.label for line in opened.unverified] == row["unverified"]
