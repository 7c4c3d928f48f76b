"""What every OpenAI-compatible adapter shares: the client, one retry, one translation of errors.

Must not know prompts, audio or transcripts; keys, headers and bodies never reach a message.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any, TypeVar

from voiceprep.errors import ProviderError
from voiceprep.providers.openai_services import (
    Service,
    full_url,
    is_web_address,
    service_named,
    showable_url,
    shutdown_date,
)

T = TypeVar("T")

RETRY_AFTER_S = 0.25
LONGEST_RETRY_AFTER_S = 2.0
"""How long to wait before the one retry when the server does not say; a longer wait is an error at once."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a server may take: to connect, to the first piece, from piece to piece, and in all."""

    connect_s: float = 3.0
    first_s: float = 8.0
    between_s: float = 4.0
    total_s: float = 20.0


LOCAL_WAITS = Waits(connect_s=2.0, first_s=40.0, between_s=10.0, total_s=90.0)
"""A model on this machine may have to read a long prompt on a processor."""


class MalformedAnswerError(Exception):
    """The server answered with something the protocol does not allow; says what, never quotes it."""


class Connection:
    """One adapter's connection to one service: a client with keep-alive, made at first use off the event loop."""

    def __init__(
        self, *, name: str, stage: str, api_key: str, base_url: str | None, model: str, waits: Waits | None
    ) -> None:
        self.name, self.stage, self.model = name, stage, model
        self.service: Service = service_named(name)
        self.url = full_url(self.service, base_url)
        self.waits = waits or (LOCAL_WAITS if self.service.is_local else Waits())
        self._api_key = api_key
        self._opening: asyncio.Future[Any] | None = None

    @property
    def is_official(self) -> bool:
        """The service itself, not another server with the same protocol."""
        return self.url == self.service.url

    async def client(self) -> Any:  # noqa: ANN401 - openai is imported late
        """The AsyncOpenAI client; the import takes most of a second, so it happens in a thread.

        It is opened to the end even if nobody waits any more: `close` closes it.
        """
        if self._opening is None:
            self._check_settings()
            self._opening = asyncio.get_running_loop().run_in_executor(None, self._open_client)
        try:
            return await asyncio.shield(self._opening)
        except Exception:
            self._opening = None  # tried anew by whoever asks next; nothing is open
            raise

    async def warm(self, today: date | None = None) -> None:
        """Connect, check the key and the model. Raises ProviderError."""
        client = await self.client()
        listed = await self.attempt(lambda: _list_models(client))
        if not self.model and listed:
            self.model = next(iter(listed))
        if not self.model:
            raise self.error(f"{self.who} names no model.", "Name one: PROVIDER:MODEL.")
        if self.is_official:
            self._check_model(listed, today or datetime.now(UTC).date())

    async def close(self) -> None:
        """Close every connection. Safe to call twice; a later call connects again."""
        opening, self._opening = self._opening, None
        if opening is not None:
            await (await opening).close()

    async def attempt(self, call: Callable[[], Awaitable[T]], *, adapt: "Adapt | None" = None) -> T:
        """Run `call`, which ends with the first piece; once more where that may help. Raises ProviderError.

        `adapt` may change the request after a refusal, and says whether it did.
        """
        is_retry = False
        while True:
            try:
                async with asyncio.timeout(self.waits.first_s):
                    return await call()
            except ProviderError:
                raise
            except Exception as error:  # the SDK lets its parser's exceptions through as they are
                if adapt is not None and adapt(error):
                    continue
                failure = self.translate(error)
                wait_s = _retry_wait_s(error)
                if is_retry or not failure.is_retryable or wait_s > LONGEST_RETRY_AFTER_S:
                    # Not `from error`: a server's message may repeat the key or what was said.
                    raise failure from None
            is_retry = True
            await asyncio.sleep(wait_s)

    # ------------------------------------------------------------------------------------ errors

    @property
    def who(self) -> str:
        return self.service.title if self.is_official else f"The server at {showable_url(self.url)}"

    def error(self, message: str, hint: str, *, is_retryable: bool = False) -> ProviderError:
        return ProviderError(message, hint, provider=self.name, stage=self.stage, is_retryable=is_retryable)

    def translate(self, error: Exception) -> ProviderError:
        """What a person can act on. Quotes nothing the server said."""
        import httpx2
        import openai

        if isinstance(error, ProviderError):
            return error
        if isinstance(error, openai.APIStatusError):
            return self._from_status(error)
        if isinstance(error, TimeoutError | openai.APITimeoutError | httpx2.TimeoutException):
            return self.error(
                f"{self.who} took too long to answer.",
                f"Try again; {self._check_address} when it happens every time.",
                is_retryable=True,
            )
        if isinstance(error, openai.APIConnectionError | httpx2.TransportError):
            return self._from_network(error)
        if isinstance(error, openai.APIError):
            return self._from_stream(error)
        what = str(error) if isinstance(error, MalformedAnswerError) else "sent something that is no valid answer"
        return self.error(
            f"{self.who} {what}.",
            f"Try again; if it stays, {self._check_address}, or choose another model.",
            is_retryable=True,
        )

    @property
    def _key_name(self) -> str:
        return self.service.key_names[0] if self.service.key_names else f"the key for {self.name}"

    @property
    def _check_address(self) -> str:
        name = self.service.url_name
        return f"check {showable_url(self.url)}" + (f" ({name})" if name else "")

    def _from_status(self, error: Any) -> ProviderError:  # noqa: ANN401 - an openai.APIStatusError
        status = int(error.status_code)
        if status == 429 and error.code in ("insufficient_quota", "billing_hard_limit_reached"):
            status = 402
        told = _STATUS_TEXTS.get(status) or (_SERVER_ERROR if status >= 500 else _REFUSED)
        wait_s = _retry_wait_s(error)
        names = {
            "who": self.who,
            "status": error.status_code,
            "model": self.model,
            "key": self._key_name,
            "address": self._check_address,
            "wait": f"Wait {wait_s:.0f} seconds" if wait_s > LONGEST_RETRY_AFTER_S else "Wait a little",
        }
        message, hint = (text.format(**names) for text in told)
        return self.error(message, hint, is_retryable=status in (408, 409, 429) or status >= 500)

    def _from_network(self, error: BaseException) -> ProviderError:
        causes = set(map(type, _causes(error)))
        if socket.gaierror in causes:
            message = f"{self.who} cannot be found: its name has no address."
            hint = f"Check the network; {self._check_address}."
        elif ssl.SSLCertVerificationError in causes:
            message = f"{self.who} shows a certificate this machine does not trust."
            hint = f"Check the clock and any proxy; {self._check_address}."
        elif ConnectionRefusedError in causes:
            message = f"Nobody answers at {showable_url(self.url)}."
            hint = f"Start the server there; {self._check_address}."
        else:
            message = f"The connection to {showable_url(self.url)} broke."
            hint = f"Check the network; {self._check_address}."
        return self.error(message, hint, is_retryable=True)

    def _from_stream(self, error: Any) -> ProviderError:  # noqa: ANN401 - an openai.APIError
        if error.code == "insufficient_quota":
            return self.error(
                f"The {self.service.title} account has no credit left.", "Add credit or use another provider."
            )
        return self.error(
            f"{self.who} broke off with an error.", "Try again, or use another provider.", is_retryable=True
        )

    # ------------------------------------------------------------------------------------ set-up

    def _check_settings(self) -> None:
        if not self.url:
            raise self.error(f"Nothing says where {self.name} is.", "Give its address.")
        if not is_web_address(self.url):
            name = self.service.url_name or f"The address of {self.name}"
            raise self.error(f"{name} holds no web address.", "It should look like http://127.0.0.1:8080/v1.")
        if not self._api_key and self.service.key_names and self.is_official:
            raise self.error(
                f"There is no key for {self.service.title}.",
                f"Set {self._key_name}, or use another provider; `voiceprep doctor` lists them.",
            )
        if any(not "!" <= char <= "~" for char in self._api_key):
            raise self.error(
                f"{self._key_name} holds characters that no key has.",
                "Copy the key again, without spaces or breaks.",
            )

    def _check_model(self, listed: Mapping[str, date | None], today: date) -> None:
        ends = listed.get(self.model) or (shutdown_date(self.model) if self.name == "openai" else None)
        if ends is not None and ends <= today:
            raise self.error(
                f"{self.service.title} shut {self.model} down on {ends.isoformat()}.", self._other_model_hint()
            )
        known = {name.removeprefix("models/") for name in listed}
        if known and self.model.removeprefix("models/") not in known:
            raise self.error(
                f"{self.service.title} has no model {self.model} for this key.", self._other_model_hint()
            )

    def _other_model_hint(self) -> str:
        flag = {"stt": "--stt", "tts": "--tts"}.get(self.stage, "--llm")
        default = self.service.text_model if self.stage == "llm" else ""
        other = default if default and default != self.model else "MODEL"
        instead = " or `deepgram` or `local`" if self.stage in ("stt", "tts") else ""
        return f"Choose another: {flag} {self.name}:{other}{instead}."

    def _open_client(self) -> Any:  # noqa: ANN401 - openai is imported late
        import httpx2
        from openai import AsyncOpenAI

        # Below these levels the HTTP libraries log addresses with their queries, and headers.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        logging.getLogger("httpcore2").setLevel(logging.INFO)
        client = AsyncOpenAI(
            api_key=self._api_key or "none",
            base_url=self.url,
            max_retries=0,
            timeout=httpx2.Timeout(None, connect=self.waits.connect_s),
        )
        if not self.is_official or self.name != "openai":
            client.organization = client.project = None  # read from the environment, for OpenAI only
        # Touching one imports it, here and not on the event loop.
        resources = {"tts": "audio.speech", "stt": "audio.transcriptions"}
        if self.stage in resources:
            attrgetter(resources[self.stage])(client)
        return client


Adapt = Callable[[Exception], bool]


class OptionalParameters:
    """Request parameters that not every server takes: one that a refusal names is not sent again.

    `values` are sent at first; `instead` names what replaces a refused one.
    """

    def __init__(self, values: Mapping[str, Any], instead: Mapping[str, str] | None = None) -> None:
        self.values = dict(values)
        self._instead = dict(instead or {})

    def adapt(self, error: Exception) -> bool:
        """Leave out what the server refused; False when there is nothing to leave out."""
        if getattr(error, "status_code", None) not in (400, 422) or not self.values:
            return False
        told = f"{getattr(error, 'param', '')} {getattr(error, 'body', '')}"
        named = [name for name in self.values if name in told] or list(self.values)
        for name in named:
            value = self.values.pop(name)
            if name in self._instead:
                self.values[self._instead.pop(name)] = value
        return True


async def _list_models(client: Any) -> dict[str, date | None]:  # noqa: ANN401 - an AsyncOpenAI
    """Model → announced shutdown date; empty where a server lists nothing."""
    import openai

    try:
        page = await client.models.list()
    except (openai.NotFoundError, openai.APIResponseValidationError):
        return {}
    except openai.APIStatusError as error:
        if error.status_code in (405, 501):
            return {}
        raise
    models = getattr(page, "data", None)
    return {
        model.id: _parse_date(getattr(model, "shutdown_date", None))
        for model in (models if isinstance(models, list) else ())
        if isinstance(getattr(model, "id", None), str)
    }


def _parse_date(text: object) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _retry_wait_s(error: object) -> float:
    """What the server asks for, else a short pause; at once where nothing was refused."""
    response = getattr(error, "response", None)
    if response is None:
        return 0.0
    for name, divisor in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return max(0.0, float(response.headers[name]) / divisor)
        except (KeyError, ValueError):
            continue
    return RETRY_AFTER_S


_REFUSED = (
    "{who} refused the request (HTTP {status}).",
    "It may not suit {model}: choose another model, or {address}.",
)
_SERVER_ERROR = (
    "{who} has a problem of its own (HTTP {status}).",
    "{wait} and try again, or change provider.",
)
_STATUS_TEXTS = {
    401: ("{who} does not accept the key (HTTP 401).", "Check {key}: it may be mistyped, expired or revoked."),
    402: (
        "{who} says that the account has no credit left (HTTP {status}).",
        "Add credit, or use another provider.",
    ),
    403: (
        "{who} does not let this key use {model} (HTTP 403).",
        "Check what {key} may do, choose another model, or use another provider.",
    ),
    404: ("{who} knows no {model} (HTTP 404).", "Choose another model, or {address}; it mostly ends in /v1."),
    408: ("{who} gave up waiting (HTTP 408).", "Check the network and try again."),
    429: (
        "{who} gets too many requests from this key (HTTP 429).",
        "{wait} and try again, or change provider.",
    ),
}
"""HTTP status → message and hint."""
