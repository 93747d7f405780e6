"""Encodings come from files that are there, checked, and from nowhere else."""

from __future__ import annotations

import base64
import os
from hashlib import sha1, sha256
from pathlib import Path

import pytest
import tiktoken

from gateway.content.tokens import encodings, load
from gateway.errors import SettingsError

FOLDER = Path(os.environ.get("TIKTOKEN_CACHE_DIR", "-"))
ALL = ("cl100k_base", "o200k_base")


def published(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str) -> Path:
    """A file of an encoding that knows single bytes and one word, as if OpenAI published that."""
    tokens = [bytes([byte]) for byte in range(256)] + [b"re", b"ge", b"rege", b"nt", b"regent"]
    data = b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))
    real = encodings._PUBLISHED[name]
    monkeypatch.setitem(encodings._PUBLISHED, name, real._replace(digest=sha256(data).hexdigest()))
    path = folder / real.file
    path.write_bytes(data)
    return path


def test_a_file_that_is_there_counts_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By tiktoken itself, over the published pattern."""
    published(monkeypatch, tmp_path, "o200k_base")
    estimator = load(tmp_path, ["gpt-4o", "claude-opus-5"])

    assert estimator.exact == ("o200k_base",)
    assert estimator.completion("regent", "gpt-4o") == 1
    assert estimator.completion("regents", "gpt-4o") == 2


def test_a_file_that_is_not_there_is_not_fetched(tmp_path: Path) -> None:
    """Nothing is asked, nothing is written; the sockets of this test lead nowhere else."""
    assert encodings.load(tmp_path, ALL) == {}
    assert encodings.load(tmp_path / "none", ALL) == {}
    assert encodings.load(None, ALL) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts by another file than the published one would be wrong without a word."""
    path = published(monkeypatch, tmp_path, "o200k_base")
    path.write_bytes(path.read_bytes()[:-4])

    with pytest.raises(SettingsError, match="o200k_base"):
        encodings.load(tmp_path, ["o200k_base"])


def test_only_encodings_of_models_that_are_served_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes memory and time at the start."""
    for name in ALL:
        published(monkeypatch, tmp_path, name)

    assert load(tmp_path, ["gpt-4"]).exact == ("cl100k_base",)
    assert load(tmp_path, ["llama3.2"]).exact == ()


@pytest.mark.parametrize("name", ALL)
def test_files_are_named_as_tiktoken_names_them(name: str) -> None:
    """So that a folder that tiktoken filled can be used."""
    url = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"

    assert encodings._PUBLISHED[name].file == sha1(url.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.skipif(not FOLDER.is_dir(), reason="TIKTOKEN_CACHE_DIR names no folder with tiktoken's files")
def test_the_published_encodings_are_tiktokens_own(name: str) -> None:
    """Pattern and ranks are those that tiktoken would have used itself."""
    text = "Zwölf Boxkämpfer, it's 12:34:56!\r\n\r\n\tdef f(x):  # 漢字 ไทย 🙂 camelCaseHTTP don't   \n"
    [ours] = encodings.load(FOLDER, [name]).values()

    assert ours.encode_ordinary(text) == tiktoken.get_encoding(name).encode_ordinary(text)
