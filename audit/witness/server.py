"""A small witness over HTTP: `POST /add-checkpoint`, `GET /vkey`. Its state and its key are files.

Bodies, headers and the number of connections are bounded, so memory is; a witness open to the internet
belongs behind a proxy that ends slow connections.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from audit.errors import TlogRefused
from audit.tlog.keys import KeyType, SigningKey, VerifierKey
from audit.witness.request import MAX_BODY
from audit.witness.state import StateUnavailable, WitnessState
from audit.witness.witness import Answer, Witness

_BODY_S = 10.0
_CONNECTIONS = 64
_HEADER_BYTES = 16 * 1024
_COSIGNS = (KeyType.ED25519_COSIGNATURE, KeyType.MLDSA44_COSIGNATURE)


class WitnessKeyRefused(TlogRefused):
    """The key file cannot be used.

    Codes: `witness.key_file` (missing, there already, no cosigning key in it), `witness.key_mode` (others can
    read it).
    """


def keygen(
    name: str,
    key_path: Path,
    state_path: Path,
    types: Sequence[KeyType] = (KeyType.ED25519_COSIGNATURE,),
) -> list[VerifierKey]:
    """Make a new witness: a key file of mode 0600, one line a key, and a state that has seen nothing.

    Args:
        name: of the witness, in its keys; a URL without scheme.
        types: of its keys, 0x04 or 0x06; with both, each answer has two lines.

    Returns:
        The verifier keys, to be given to logs and auditors.

    Raises:
        KeyRefused: `key.name`.
        WitnessKeyRefused: `witness.key_file`.
        StateUnavailable: `witness.state`.
    """
    if not types or not set(types) <= set(_COSIGNS):
        raise WitnessKeyRefused("witness.key_file", "a witness has keys of type 0x04 or 0x06")
    keys = [SigningKey.generate(name, each) for each in dict.fromkeys(types)]
    try:
        fd = os.open(key_path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.writelines(f"{key.private_text()}\n" for key in keys)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WitnessKeyRefused("witness.key_file", f"cannot make {key_path}: {error}") from error
    verifiers = [key.verifier for key in keys]
    try:
        WitnessState.create(state_path, verifiers).close()
    except StateUnavailable:
        key_path.unlink()  # a key without its state would be of no use to anybody
        raise
    return verifiers


def read_keys(path: Path) -> list[SigningKey]:
    """Return the keys of a key file.

    Raises:
        KeyRefused: when a line is no key.
        WitnessKeyRefused: any of its codes.
    """
    try:
        with path.open(encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise WitnessKeyRefused("witness.key_mode", f"{path} must be for its owner only (0600)")
            keys = [SigningKey.parse(line) for line in file.read().splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise WitnessKeyRefused("witness.key_file", f"cannot read {path}: {error}") from error
    if not keys or any(key.type not in _COSIGNS for key in keys):
        raise WitnessKeyRefused("witness.key_file", f"{path} holds no key that cosigns")
    return keys


def open_witness(
    state_path: Path, key_path: Path, logs: Iterable[VerifierKey]
) -> tuple[Witness, WitnessState]:
    """Return the witness of a key file and its state, which the caller closes.

    Raises:
        KeyRefused, WitnessKeyRefused, StateUnavailable: when a file cannot be used.
    """
    keys = read_keys(key_path)
    state = WitnessState(state_path, [key.verifier for key in keys])
    return Witness(keys, logs, state), state


def witness_app(witness: Witness) -> Starlette:
    """Return the ASGI app of a witness. Requests are decided one after another, off the event loop."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="witness")

    async def add_checkpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(_BODY_S):
                body = await _body(request)
            answer = await asyncio.get_running_loop().run_in_executor(thread, witness.add_checkpoint, body)
        except TimeoutError:
            answer = Answer(HTTPStatus.REQUEST_TIMEOUT, "the request takes too long\n")
        except ClientDisconnect:
            answer = Answer(HTTPStatus.BAD_REQUEST, "the request ended early\n")
        except StateUnavailable:
            answer = Answer(HTTPStatus.SERVICE_UNAVAILABLE, "try again later\n")
        return Response(answer.body, answer.status, {"content-type": answer.content_type})

    async def vkey(_: Request) -> Response:
        return PlainTextResponse("".join(f"{key}\n" for key in witness.vkeys))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        thread.shutdown(wait=True)

    routes = [
        Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
        Route("/vkey", vkey, methods=["GET"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def serve(host: str, port: int, state_path: Path, key_path: Path, logs: Iterable[VerifierKey]) -> None:
    """Serve a witness until the process is told to end.

    Args:
        logs: keys of the logs it cosigns; a key's name is its log's origin.

    Raises:
        KeyRefused, WitnessKeyRefused, StateUnavailable: when a file cannot be used.
    """
    witness, state = open_witness(state_path, key_path, logs)
    try:
        uvicorn.run(
            witness_app(witness),
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            http="h11",  # bounds headers; httptools does not
            h11_max_incomplete_event_size=_HEADER_BYTES,
            limit_concurrency=_CONNECTIONS,
            server_header=False,
        )
    finally:
        state.close()


async def _body(request: Request) -> bytes:
    """Read a body, up to one byte more than a request may have: the witness refuses it then."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk[: MAX_BODY + 1 - len(body)]
        if len(body) > MAX_BODY:
            break
    return bytes(body)
