"""Asking one witness over a real socket: a good one, and those that lie, sleep, lag or babble."""

from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from audit.tlog.keys import SigningKey
from audit.tlog.note import Signature, open_note, sign_line
from audit.tlog.tiles import TileRefused
from audit.tlog.trust import TrustedWitness
from audit.witness.client import MAX_AHEAD_S, WitnessClient, WitnessFailed, http_client
from audit.witness.request import AddCheckpoint
from audit.witness.server import witness_app
from audit.witness.witness import SIZE
from tests.audit.witness.scripted import KEY, NOW_S, Asleep, MakeWitness, Serving, app_of, saying
from tests.audit.witness.trees import GrowingLog


def at(url: str, key: SigningKey = KEY) -> TrustedWitness:
    """Return a witness as a policy knows it."""
    return TrustedWitness("w", key.verifier, url)


async def ask(url: str | None, log: GrowingLog, size: int = 9, timeout_s: float = 5.0) -> WitnessFailed:
    """Ask a bad witness and return how it failed."""
    async with http_client() as http:
        witness = TrustedWitness("w", KEY.verifier, url)
        client = WitnessClient(witness, http, timeout_s, now_s=lambda: NOW_S)
        with pytest.raises(WitnessFailed) as failed:
            await client.cosign(log.note(size), log.prove)
        return failed.value


async def test_a_witness_is_followed_from_its_own_size(
    log: GrowingLog, make_witness: MakeWitness, serving: Serving
) -> None:
    """A new witness needs no proof; one that is behind names its size and gets the proof from there."""
    witness = make_witness(log.key.verifier)
    url = serving(witness_app(witness))
    async with http_client() as http:
        trusted = TrustedWitness("w", witness.vkeys[0], url + "/")
        client = WitnessClient(trusted, http)
        await client.cosign(log.note(5), log.prove)
        assert log.proven == []
        await client.cosign(log.note(9), log.prove)
        assert log.proven == [(5, 9)]
        forgetful = WitnessClient(trusted, http)
        cosignature = await forgetful.cosign(log.note(20), log.prove)
        assert log.proven == [(5, 9), (9, 20)]
        assert forgetful.size == 20
        assert open_note(log.note(20) + str(cosignature.line).encode(), [witness.vkeys[0]]).verified
        # somebody else asked in between: the first size is stale, and the witness names the new one
        await client.cosign(log.note(21), log.prove)
        assert client.size == 21


async def test_a_witness_that_is_ahead_is_not_argued_with(
    log: GrowingLog, make_witness: MakeWitness, serving: Serving
) -> None:
    """A larger tree than ours is reported with its size, and no proof is made."""
    witness = make_witness(log.key.verifier)
    url = serving(witness_app(witness))
    async with http_client() as http:
        client = WitnessClient(TrustedWitness("w", witness.vkeys[0], url), http)
        await client.cosign(log.note(30), log.prove)
        with pytest.raises(WitnessFailed) as failed:
            await client.cosign(log.note(9), log.prove)
    assert (failed.value.code, failed.value.size) == ("witness.ahead", 30)
    assert log.proven == []


async def test_a_forked_log_gets_no_cosignature(
    log: GrowingLog, make_witness: MakeWitness, serving: Serving
) -> None:
    """A witness that saw another tree refuses, and the status is told."""
    witness = make_witness(log.key.verifier)
    url = serving(witness_app(witness))
    async with http_client() as http:
        client = WitnessClient(TrustedWitness("w", witness.vkeys[0], url), http)
        await client.cosign(log.note(9), log.prove)
        fork = GrowingLog("other", log.key)
        with pytest.raises(WitnessFailed) as failed:
            await client.cosign(fork.note(20), fork.prove)
    assert (failed.value.code, failed.value.status) == ("witness.status", 422)


ANSWERS = [
    (200, b"", "text/plain", "witness.answer"),
    (200, b"\xff\n", "text/plain", "witness.answer"),
    (200, b"hello\n", "text/plain", "witness.answer"),
    (200, b"x" * 100_000, "text/plain", "witness.answer"),
    (200, str(Signature("a.example", b"1234", b"x")) * 101, "text/plain", "witness.answer"),
    (200, str(Signature("a.example", b"1234", b"x")), "text/plain", "witness.cosignature"),
    (409, "3\n", "text/plain", "witness.answer"),
    (409, "3", SIZE, "witness.answer"),
    (409, "03\n", SIZE, "witness.answer"),
    (409, "99999999999999999999\n", SIZE, "witness.answer"),
    (409, "10\n", SIZE, "witness.ahead"),
    (409, "0\n", SIZE, "witness.conflict"),
    (409, "3\n", SIZE, "witness.conflict"),
    (403, "no\n", "text/plain", "witness.status"),
    (404, "no\n", "text/plain", "witness.status"),
    (500, "", "text/plain", "witness.status"),
]


@pytest.mark.parametrize(("status", "body", "content_type", "code"), ANSWERS, ids=range(len(ANSWERS)))
async def test_answers_that_do_not_count(
    log: GrowingLog, serving: Serving, status: int, body: str | bytes, content_type: str, code: str
) -> None:
    """Refusals, contradictions and garbage each have their code."""
    failed = await ask(serving(saying(status, body, content_type)), log)
    assert failed.code == code


async def test_a_lying_witness_is_found_out(log: GrowingLog, serving: Serving) -> None:
    """A cosignature over another tree, by another key of the name, or with an impossible time is refused."""
    stranger = SigningKey.generate(KEY.name, KEY.type)
    other = GrowingLog("other", log.key).text(9)
    good = sign_line(log.text(9), KEY, NOW_S)
    foreign = sign_line(log.text(9), stranger, NOW_S)
    lies = [
        (str(sign_line(other, KEY, NOW_S)), "witness.cosignature"),
        (str(foreign), "witness.cosignature"),
        (
            str(Signature(good.name, good.id, foreign.value)),
            "witness.cosignature",
        ),
        (str(sign_line(log.text(9), KEY, 0)), "witness.timestamp"),
        (str(sign_line(log.text(9), KEY, NOW_S + MAX_AHEAD_S + 1)), "witness.timestamp"),
    ]
    for body, code in lies:
        assert (await ask(serving(saying(200, body)), log)).code == code


async def test_unknown_lines_beside_the_right_one_are_ignored(log: GrowingLog, serving: Serving) -> None:
    """A witness may answer with keys that nobody here knows."""
    lines = f"{Signature('x.example', b'1234', b'x')}{sign_line(log.text(9), KEY, NOW_S)}"
    url = serving(saying(200, lines))
    async with http_client() as http:
        client = WitnessClient(at(url), http, now_s=lambda: NOW_S)
        assert (await client.cosign(log.note(9), log.prove)).timestamp == NOW_S


async def test_slow_and_endless_answers_end(log: GrowingLog, serving: Serving, asleep: Asleep) -> None:
    """No witness holds the caller longer than the time given, and none fills its memory."""

    async def late(_: Request) -> Response:
        await asleep()
        return Response("")

    async def drop() -> AsyncIterator[bytes]:
        yield b"."
        await asleep()

    async def pour() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"." * 10_000

    async def dripping(_: Request) -> Response:
        return StreamingResponse(drop())

    async def pouring(_: Request) -> Response:
        return StreamingResponse(pour())

    assert (await ask(serving(app_of(late)), log, timeout_s=0.2)).code == "witness.slow"
    assert (await ask(serving(app_of(dripping)), log, timeout_s=0.2)).code == "witness.slow"
    assert (await ask(serving(app_of(pouring)), log)).code == "witness.answer"


async def test_redirects_and_compression_are_not_taken(log: GrowingLog, serving: Serving) -> None:
    """A witness that sends us elsewhere, or a packed answer, gets no further."""
    elsewhere = serving(saying(200, str(sign_line(log.text(9), KEY, NOW_S))))

    async def redirect(_: Request) -> Response:
        return RedirectResponse(f"{elsewhere}/add-checkpoint", 308)

    async def packed(_: Request) -> Response:
        return Response(b"\x1f\x8b", 200, {"content-encoding": "gzip"})

    failed = await ask(serving(app_of(redirect)), log)
    assert (failed.code, failed.status) == ("witness.status", 308)
    assert (await ask(serving(app_of(packed)), log)).code == "witness.answer"


async def test_proxies_of_the_environment_are_not_used(
    log: GrowingLog, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment says about proxies does not come between the log and its witness."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    url = serving(saying(200, str(sign_line(log.text(9), KEY, NOW_S))))
    async with http_client() as http:
        client = WitnessClient(at(url), http, now_s=lambda: NOW_S)
        assert (await client.cosign(log.note(9), log.prove)).timestamp == NOW_S


URLS = [None, "", "ftp://w.example", "w.example", "http://", "http://w.example/?a=b", "http://\udcff/"]


@pytest.mark.parametrize("url", URLS, ids=range(len(URLS)))
async def test_witnesses_without_a_usable_url(log: GrowingLog, url: str | None) -> None:
    """Only http and https without query lead to a witness."""
    assert (await ask(url, log)).code == "witness.url"


async def test_nobody_there(log: GrowingLog) -> None:
    """A witness that is down is unreachable, not an error of ours."""
    assert (await ask("http://127.0.0.1:1", log)).code == "witness.unreachable"


async def test_a_size_that_nobody_can_prove_fails_that_witness_only(
    log: GrowingLog, serving: Serving
) -> None:
    """Where no proof from a witness's size can be made, that witness failed."""

    async def prove(old: int, new: int) -> list[bytes]:
        raise TileRefused("tile.missing", f"pruned: {old} to {new}")

    url = serving(saying(409, "3\n", SIZE))
    async with http_client() as http:
        client = WitnessClient(at(url), http)
        with pytest.raises(WitnessFailed) as failed:
            await client.cosign(log.note(9), prove)
    assert (failed.value.code, failed.value.size) == ("witness.proof", 3)


async def test_the_request_is_that_of_the_text(log: GrowingLog, serving: Serving) -> None:
    """What a witness receives is the old size, the proof and the checkpoint verbatim."""
    seen: list[AddCheckpoint] = []

    async def note_it(request: Request) -> Response:
        seen.append(AddCheckpoint.parse(await request.body()))
        return Response("3\n", 409, {"content-type": SIZE})

    failed = await ask(serving(app_of(note_it)), log)
    assert failed.code == "witness.conflict"
    assert seen == [AddCheckpoint(0, (), log.note(9)), AddCheckpoint(3, tuple(log.proof(3, 9)), log.note(9))]
