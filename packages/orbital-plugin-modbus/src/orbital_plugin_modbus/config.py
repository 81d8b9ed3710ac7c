"""What is read of a device: the plugin's settings. Tasks with equal settings share one instance."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from orbital_plugin_modbus.problem import MapProblem
from orbital_plugin_modbus.profile import Profile, load_profile
from orbital_plugin_modbus.register import LABEL, Register
from orbital_plugin_modbus.register_map import RegisterMap, make_map
from orbital_plugin_modbus.tables import SIZE
from orbital_plugin_modbus.types import Order  # noqa: TC001 (pydantic reads annotations)
from orbital_sdk import PluginConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

BRIDGE = 16


class ModbusConfig(PluginConfig):
    """A register map: `profile`, `registers`, or both."""

    profile: Annotated[str, Field(max_length=1000, examples=["sunspec-inverter"])] = ""
    """A register map that many devices share: the name of a shipped one, or the path of a YAML file."""
    base: Annotated[int, Field(ge=0, lt=SIZE)] | None = None
    """Added to the addresses of the profile, instead of what it says itself."""
    registers: tuple[Register, ...] = ()
    """Fields of the map, in addition to the profile's."""
    order: Order = "ABCD"
    """Byte order of `registers` that name none."""
    labels: dict[Annotated[str, Field(pattern=LABEL)], str] = Field(default_factory=dict[str, str])
    """Labels of all samples, in addition to each field's own."""
    max_registers: Annotated[int, Field(ge=1, le=125)] | None = None
    """Registers that the device takes in one read; left out: the profile's, or 125."""
    max_bits: Annotated[int, Field(ge=1, le=2000)] | None = None
    """Coils or discrete inputs that the device takes in one read; left out: the profile's, or 2000."""
    engine: Literal["auto", "pymodbus"] = "auto"
    """`pymodbus`: its clients for every transport. `auto`: the plugin's own exchange for `tcp` and `tls`,
    which costs less CPU, and pymodbus for the others."""
    bridge: Annotated[int, Field(ge=0, le=124)] = BRIDGE
    """Unwanted registers (for bits: sixteen times as many) that may be read along to save a request."""

    _digest: str = PrivateAttr("")
    """Of the profile: settings are equal only where its file has not changed in between."""

    @field_validator("profile")
    @classmethod
    def _there(cls, value: str) -> str:
        if value:
            load_profile(value)
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.profile and not self.registers:
            raise ValueError("nothing to read: give registers, or a profile")
        if self.base is not None and not self.profile:
            raise ValueError("base goes with a profile; registers have their own addresses")
        self._digest = self.profile_file.digest if self.profile_file else ""
        try:
            self._check_lengths()
        except MapProblem as problem:
            raise problem.among(self._own, ("profile",)) from problem
        return self

    def _check_lengths(self) -> None:
        for field in self.map.fields:
            most = self.most_bits if field.table.bits else self.most_registers
            if field.size > most:
                raise MapProblem(
                    f"{field.title} takes {field.size} registers, and this device gives at most"
                    f" {most} in one read",
                    field.register,
                )

    @cached_property
    def profile_file(self) -> Profile | None:
        return load_profile(self.profile) if self.profile else None

    @cached_property
    def _own(self) -> list[Register]:
        return self._labelled(self.registers)

    @cached_property
    def map(self) -> RegisterMap:
        """All fields."""
        parts: list[tuple[Sequence[Register], Order, int]] = [(self._own, self.order, 0)]
        if self.profile_file is not None:
            base = self.profile_file.base if self.base is None else self.base
            parts.append(
                (self._labelled(self.profile_file.registers), self.profile_file.order, base)
            )
        return make_map(parts)

    @property
    def most_registers(self) -> int:
        """Registers that one read may ask for."""
        return self.max_registers or (self.profile_file.max_registers if self.profile_file else 125)

    @property
    def most_bits(self) -> int:
        """Bits that one read may ask for."""
        return self.max_bits or (self.profile_file.max_bits if self.profile_file else 2000)

    def _labelled(self, registers: tuple[Register, ...]) -> list[Register]:
        if not self.labels:
            return list(registers)
        return [
            each.model_copy(update={"labels": {**self.labels, **each.labels}}) for each in registers
        ]
