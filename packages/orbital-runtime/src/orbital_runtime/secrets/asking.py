"""Asks providers on a thread, with one deadline for all of them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from orbital_runtime.guard.escape import contained, origin
from orbital_runtime.plugins.extras import package_of
from orbital_runtime.plugins.registry import NotInstalled
from orbital_runtime.secrets.providers import advice
from orbital_sdk import ConfigurationError
from orbital_sdk.thread_pool import ThreadPool
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orbital_runtime.secrets.providers import Providers
    from orbital_runtime.secrets.reference import Reference
    from orbital_sdk.secret_provider import Answer

Found = dict["Reference", "SecretStr | ConfigurationError"]

_THREADS: Final = ThreadPool(2, "secrets")
"""A provider that never answers holds one. While both are held, nobody is asked."""


def ask(references: Iterable[Reference], providers: Providers, timeout: float) -> Found:
    """The secret of each reference, or an error that names the provider.

    Each provider is called once, for all names that are still without an answer.

    Args:
        references: May repeat themselves.
        providers: Who is asked.
        timeout: Seconds for all of it.
    """
    asking = _Asking(references, providers)
    future = _THREADS.submit(asking.run)
    try:
        future.result(timeout)
    except TimeoutError:
        future.cancel()
    return asking.result(timeout)


class _Asking:
    """Answers as they come in; `run` is on a thread, which may be given up."""

    def __init__(self, references: Iterable[Reference], providers: Providers) -> None:
        self._providers = providers
        self._asked = {each: providers.asked(each) for each in references}
        self._found: Found = {}
        self._now = ""
        self._done = False

    def run(self) -> None:
        in_order = sorted(self._asked.values(), key=len, reverse=True)  # that of the chain first
        for name in dict.fromkeys(chain.from_iterable(in_order)):
            wanted = [one for one in self._asked if self._wants(one, name)]
            if wanted:
                self._now = name
                answers = _answers(self._providers, name, [one.name for one in wanted])
                self._found |= {
                    one: _named(name, answer)
                    for one in wanted
                    if (answer := answers.get(one.name)) is not None
                }
        self._done = True

    def result(self, timeout: float) -> Found:
        """What is known by now."""
        done, now, found = self._done, self._now, dict(self._found)
        late = ConfigurationError(
            f"provider {now} gave no answer within {format_duration(timeout)} (secrets.timeout)"
            if now
            else "providers are still busy with an earlier question"
        )
        left = {
            one: self._missing(one) if done else late for one in self._asked if one not in found
        }
        return found | left

    def _wants(self, reference: Reference, provider: str) -> bool:
        return reference not in self._found and provider in self._asked[reference]

    def _missing(self, reference: Reference) -> ConfigurationError:
        asked = self._asked[reference]
        if not asked:
            return ConfigurationError(
                f"no provider of secrets is installed; `pip install {package_of('secrets')}`"
            )
        remedies = [self._providers.get(name).remedy(reference.name) for name in asked]
        advice = "".join(f"; {remedy}" for remedy in remedies if remedy)
        return ConfigurationError(f"there is no such secret (asked: {', '.join(asked)}){advice}")


def _answers(providers: Providers, name: str, wanted: Sequence[str]) -> Mapping[str, Answer]:
    """What the provider says of these names. One that breaks says the same of all."""
    try:
        with contained:
            return providers.get(name).get_all(wanted)
    except NotInstalled as error:
        failed = ConfigurationError(f"{error}; {advice(error)}")
    except ConfigurationError as error:
        failed = error
    except Exception as error:  # noqa: BLE001 (a stranger's code may raise anything)
        failed = ConfigurationError(type(origin(error)).__name__)  # its text may have a secret
    return dict.fromkeys(wanted, failed)


def _named(provider: str, answer: SecretStr | ConfigurationError) -> SecretStr | ConfigurationError:
    if isinstance(answer, SecretStr):
        return answer
    return ConfigurationError(f"provider {provider}: {answer}")
