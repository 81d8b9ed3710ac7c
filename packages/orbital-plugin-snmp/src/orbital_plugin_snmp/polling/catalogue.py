"""The profiles that a plugin's tasks may be read with, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.lldp.neighbours import COUNT, NEIGHBOR
from orbital_plugin_snmp.profiles.choosing import ANY_DEVICE, AUTO, choose
from orbital_plugin_snmp.profiles.loading import folder_profiles, resolve, shipped
from orbital_plugin_snmp.profiles.settings import profile_of
from orbital_plugin_snmp.tables.families import Families
from orbital_plugin_snmp.tables.plan import ReadPlan, compile_profiles
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from orbital_plugin_snmp.profiles.models import Profile
    from orbital_plugin_snmp.profiles.settings import ProfileSettings
    from orbital_sdk import Metric

DEFAULT: Final = "default"


class Catalogue:
    """What the settings choose, and what `auto` chooses for a device.

    Args:
        settings: Of the plugin.
        default: What is read where they choose nothing.
    """

    def __init__(self, settings: ProfileSettings, default: str | Profile = DEFAULT) -> None:
        self._settings = settings
        self._default = default
        self._known: dict[str, Profile] = {}
        self._families = Families()
        self._plans: dict[tuple[str, ...], tuple[str, ReadPlan]] = {}

    @property
    def is_automatic(self) -> bool:
        """Whether a device's sysObjectID has a say."""
        return AUTO in self._settings.profiles

    def load(self) -> None:
        """Read the profiles' files, and compile what is chosen whatever the device is.

        Raises:
            ConfigurationError: A profile is unknown or wrong.
        """
        folder = self._settings.profile_folder
        self._known = {**shipped(), **(folder_profiles(folder) if folder else {})}
        try:
            self._plan(())
        except ConfigurationError:
            self._known = {}  # whoever asks again is told again
            raise

    def check(self) -> None:
        """As `load`, if that was not done yet."""
        if not self._known:
            self.load()

    def plan_for(self, sysobjectid: str) -> tuple[str, ReadPlan]:
        """What the task reads, and what it is called: the names of the profiles."""
        chosen = choose(sysobjectid, self._known) if self.is_automatic else ()
        return self._plan(chosen)

    def metrics(self) -> tuple[Metric, ...]:
        """All that may be given; a name stands once."""
        self.check()
        if self.is_automatic:
            for name in (*ANY_DEVICE, *(n for n, p in self._known.items() if p.sysobjectid)):
                self._plan((name,))
        lldp = any(plan.lldp for _, plan in self._plans.values())
        found = (*self._families.all, *((NEIGHBOR, COUNT) if lldp else ()))
        return tuple({metric.name: metric for metric in reversed(found)}.values())[::-1]

    def _plan(self, chosen: tuple[str, ...]) -> tuple[str, ReadPlan]:
        known = self._plans.get(chosen)
        if known is None:
            known = self._plans[chosen] = self._compile(chosen)
        return known

    def _compile(self, chosen: tuple[str, ...]) -> tuple[str, ReadPlan]:
        settings = self._settings
        named = [one for one in settings.profiles if one != AUTO]
        wanted: list[str | Profile] = [*named, *chosen]
        if settings.oids:
            wanted.append(profile_of(settings.oids, self._known.values()))
        if not wanted and not self.is_automatic:
            wanted.append(self._default)
        names = dict.fromkeys(one if isinstance(one, str) else one.name for one in wanted)
        plan = compile_profiles(resolve(wanted, self._known), self._families)
        return ",".join(names), plan
