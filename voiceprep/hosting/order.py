"""What a room orders: the metadata of a job, checked before anything is opened. Must not know LiveKit.

Whoever makes a room chooses what is asked; which providers hear it, and where it is kept, the worker alone decides.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from voiceprep.errors import ConfigError
from voiceprep.settings import load_settings
from voiceprep.wiring.choice import Choice, keys_for, load_bank_for, plan_for, plan_of
from voiceprep.wiring.mode import choose_mode
from voiceprep.wiring.notice import announced
from voiceprep.wiring.places import seal_for
from voiceprep.wiring.resuming import bank_of, earlier, settings_of, take_up

ORDER_BYTES_MAX = 2_000
_Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


class RoomOrder(BaseModel):
    """Empty means: as the worker's settings say. `bank` is an id, never a path."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    bank: _Word | None = None
    mode: _Word | None = None
    persona: _Word | None = None
    level: Annotated[int, Field(ge=1, le=5)] | None = None
    questions: Annotated[int, Field(ge=1, le=100)] | None = None
    minutes: Annotated[float, Field(gt=0, le=480)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None

    def as_json(self) -> str:
        """The metadata of a job."""
        return self.model_dump_json(exclude_none=True)


def parse_order(metadata: str) -> RoomOrder:
    """Raises ConfigError that names the field; never repeats what was sent."""
    if len(metadata) > ORDER_BYTES_MAX:
        raise ConfigError("The room's metadata is too long.", f"At most {ORDER_BYTES_MAX} characters of JSON.")
    try:
        return RoomOrder.model_validate_json(metadata or "{}")
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(str(part) for part in found["loc"]) or "it"
        known = ", ".join(RoomOrder.model_fields)
        raise ConfigError(
            f"The room's metadata cannot be used: {where}: {found['msg']}.", f"It is JSON with: {known}."
        ) from error


def order_of(wish: Mapping[str, object | None]) -> RoomOrder:
    """The order as flags gave it. Raises ConfigError."""
    given = {name: value for name, value in wish.items() if value is not None}
    return parse_order(json.dumps(given))


def choice_for(order: RoomOrder, environment: Mapping[str, str], flags: Mapping[str, object | None]) -> Choice:
    """What to hold in a new room. Raises ConfigError, BankError."""
    ordered = order.model_dump(exclude={"seed"}, exclude_none=True)
    settings = load_settings(environment, {**flags, **ordered})
    settings = choose_mode(settings, environment).settings
    bank = load_bank_for(settings)
    return announced(Choice(settings, bank, plan_for(settings, bank, order.seed), keys_for(environment)))


def choice_to_go_on(folder: Path, environment: Mapping[str, str], flags: Mapping[str, object | None]) -> Choice:
    """What to hold in a room whose interview was broken off. Raises RecordingError, ConfigError."""
    record = take_up(folder, seal_for(load_settings(environment, flags)), is_urgent=True)
    settings = load_settings(environment, {**settings_of(record), **flags})
    bank = bank_of(record, settings)
    plan = plan_of(record.info)
    return Choice(settings, bank, plan, keys_for(environment), earlier=earlier(record))
