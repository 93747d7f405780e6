"""Keys of signed notes: text forms, strictness, signatures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.keys import KeyRefused, KeyType, SigningKey, VerifierKey

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Z", "C"], exclude_characters="+"), min_size=1
)
TYPES = st.sampled_from(KeyType)
KEY = SigningKey.generate("log.example/a")


@given(NAMES, TYPES, st.binary(min_size=32, max_size=32))
def test_both_text_forms_are_read_as_they_are_printed(name: str, key_type: KeyType, seed: bytes) -> None:
    """A key read from its text is the same key, and signs what its public half verifies."""
    key = SigningKey(name, key_type, seed)
    assert SigningKey.parse(key.private_text()) == key
    assert VerifierKey.parse(str(key.verifier)) == key.verifier
    assert key.verifier.verifies(b"text", key.sign(b"text"))
    assert not key.verifier.verifies(b"other", key.sign(b"text"))


@given(st.text() | st.from_regex(r"\A(PRIVATE\+KEY\+)?[a-z]*\+[0-9a-f]{8}\+[A-Za-z0-9+/]{40,48}\Z"))
def test_any_other_text_is_refused(text: str) -> None:
    """Nothing but a key or the room's refusal comes out of a text."""
    for parse in (VerifierKey.parse, SigningKey.parse):
        try:
            parse(text)
        except KeyRefused as refused:
            assert refused.code.startswith("key.")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb", "a\ud800"])
def test_names_that_a_note_cannot_hold_name_no_key(name: str) -> None:
    """Spaces of any alphabet, plus, control characters and nothing at all are no names."""
    with pytest.raises(KeyRefused) as refused:
        SigningKey.generate(name)
    assert refused.value.code == "key.name"


def test_one_spelling_only() -> None:
    """Upper-case ids, spaces around, missing padding and foreign ids are refused."""
    text = str(KEY.verifier)
    name, identity, rest = text.split("+", 2)
    spellings = [
        f"{name}+{identity.upper()}+{rest}" if identity.upper() != identity else f" {text}",
        f"{text}\n",
        f"{name}+{identity}+{rest}====",
        f"other+{identity}+{rest}",
        f"{name}+{identity}",
        "",
    ]
    for each in spellings:
        with pytest.raises(KeyRefused):
            VerifierKey.parse(each)


def test_a_secret_never_shows_by_accident() -> None:
    """Neither the representation nor a refusal contains the seed's text."""
    secret = KEY.private_text()
    _, _, _, _, seed = secret.split("+", 4)  # base64, in which a plus may stand as well
    assert seed not in repr(KEY)
    with pytest.raises(KeyRefused) as refused:
        SigningKey.parse(secret[:-4] + "AAA=")
    assert secret[-20:-4] not in str(refused.value)


def test_a_public_key_that_is_no_point_verifies_nothing() -> None:
    """Bytes that encode no public key are configured without a crash and never verify."""
    for key_type, length in ((KeyType.ED25519, 32), (KeyType.MLDSA44_COSIGNATURE, 1312)):
        key = VerifierKey("odd.example", key_type, b"\xff" * length)
        assert not key.verifies(b"text", b"\0" * 64)
