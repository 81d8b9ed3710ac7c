"""pytest fixtures; see the README. A server that is not installed skips the test, or fails it in CI."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import uuid
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import pytest

from orbital_http.testing import HostileServer
from orbital_testbench.blackbox import BlackboxExporter
from orbital_testbench.certificates import Authority
from orbital_testbench.clickhouse import ClickHouse, FullServer
from orbital_testbench.devcore import DevCore
from orbital_testbench.disks import MountError, small_disk
from orbital_testbench.forks import Forks
from orbital_testbench.modbus import ModbusServer, SerialLine, serial_modbus
from orbital_testbench.nginx import Nginx
from orbital_testbench.ports import silent_port
from orbital_testbench.programs import MissingProgramError, skip_or_fail
from orbital_testbench.prometheus import Prometheus
from orbital_testbench.relay import Relay
from orbital_testbench.server import Server, running
from orbital_testbench.silence import Silence
from orbital_testbench.snmp_exporter import SnmpExporter
from orbital_testbench.snmpd import Snmpd
from orbital_testbench.tinyproxy import TinyProxy
from orbital_testbench.victoria import VictoriaMetrics, VmAgent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def pytest_configure() -> None:
    """No property has to hold within a time: a busy machine decides no test."""
    with contextlib.suppress(ModuleNotFoundError):
        from hypothesis import HealthCheck, settings  # noqa: PLC0415 (not every package has it)

        slow = [HealthCheck.too_slow]
        settings.register_profile(
            "unhurried", settings.default, deadline=None, suppress_health_check=slow
        )
        settings.load_profile("unhurried")


@pytest.fixture(autouse=True, scope="module")
def secrets_of_a_file_stay_there() -> Iterator[None]:
    """What one file of tests holds as a secret is an ordinary word in the next one."""
    yield
    if secrecy := sys.modules.get("orbital_sdk.secrecy"):
        secrecy.forget()


@pytest.fixture(scope="session")
def sentinel_forks() -> Iterator[Forks]:
    """Runs commands of the app, which cost no imports."""
    groups = [f"orbital.{kind}:" for kind in ("plugins", "writers", "extensions", "commands")]
    forks = Forks(
        "orbital_sentinel", ["orbital_sentinel.app", "orbital_sentinel.run.launch", *groups]
    )
    yield forks
    forks.close()


S = TypeVar("S", bound=Server)
P = ParamSpec("P")


def _many(kind: Callable[Concatenate[Path, P], S], folder: Path) -> Iterator[Callable[P, S]]:
    """A function that starts servers of one kind; all are stopped after the test."""
    started: list[Iterator[Server]] = []

    def start(*args: P.args, **kwargs: P.kwargs) -> S:
        server = kind(folder / f"{kind.__name__.lower()}-{len(started)}", *args, **kwargs)
        started.append(running(server))
        next(started[-1])
        return server

    yield start
    for one in reversed(started):
        next(one, None)


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One Prometheus for all tests: use names of your own (`metric_name`), and don't stop it."""
    yield from running(Prometheus(tmp_path_factory.mktemp("prometheus")))


@pytest.fixture(scope="session")
def victoria_metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaMetrics]:
    """One VictoriaMetrics for all tests: use names of your own (`metric_name`), and don't stop it."""
    yield from running(VictoriaMetrics(tmp_path_factory.mktemp("victoria")))


@pytest.fixture(scope="session")
def blackbox_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlackboxExporter]:
    """One blackbox_exporter for all tests."""
    yield from running(BlackboxExporter(tmp_path_factory.mktemp("blackbox")))


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse | FullServer]:
    """One ClickHouse for all tests: use a database of your own (`new_database()`), and don't stop it.

    The one at `CLICKHOUSE_DSN` (http) if that is set.
    """
    if dsn := os.environ.get("CLICKHOUSE_DSN"):
        full = FullServer(dsn, os.environ.get("CLICKHOUSE_NATIVE_DSN", ""))
        full.prepare_users()
        yield full
        full.close()
    else:
        yield from running(ClickHouse(tmp_path_factory.mktemp("clickhouse")))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def start_prometheus(tmp_path: Path) -> Iterator[Callable[..., Prometheus]]:
    """Start a Prometheus of the test's own, which it may stop, pause and kill."""
    yield from _many(Prometheus, tmp_path)


@pytest.fixture
def start_victoria_metrics(tmp_path: Path) -> Iterator[Callable[..., VictoriaMetrics]]:
    """Start a VictoriaMetrics of the test's own, which it may stop, pause and kill."""
    yield from _many(VictoriaMetrics, tmp_path)


@pytest.fixture
def start_vmagent(tmp_path: Path) -> Iterator[Callable[..., VmAgent]]:
    """Start a vmagent that writes to a given URL."""
    yield from _many(VmAgent, tmp_path)


@pytest.fixture
def start_nginx(tmp_path: Path) -> Iterator[Callable[..., Nginx]]:
    """Start an nginx with a given `server` block."""
    yield from _many(Nginx, tmp_path)


@pytest.fixture
def start_tinyproxy(tmp_path: Path) -> Iterator[Callable[..., TinyProxy]]:
    """Start a forward proxy, which may ask for a user and a password."""
    yield from _many(TinyProxy, tmp_path)


@pytest.fixture
def start_devcore(tmp_path: Path) -> Iterator[Callable[..., DevCore]]:
    """Start a Gravital Core with given devices and tasks."""
    yield from _many(DevCore, tmp_path)


@pytest.fixture
def start_modbus(tmp_path: Path) -> Iterator[Callable[..., ModbusServer]]:
    """Start a Modbus/TCP server of libmodbus with given content and quirks."""
    yield from _many(ModbusServer, tmp_path)


@pytest.fixture
def start_serial_modbus(tmp_path: Path) -> Iterator[Callable[..., SerialLine]]:
    """Start a unit of libmodbus that speaks RTU on a serial line."""
    with contextlib.ExitStack() as running:
        lines = count()

        def start(content: Sequence[str] = ()) -> SerialLine:
            try:
                unit = serial_modbus(tmp_path / f"serial-{next(lines)}", content)
                return running.enter_context(unit)
            except MissingProgramError as missing:
                skip_or_fail(missing)

        yield start


@pytest.fixture(scope="session")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    """One net-snmp agent for all tests: don't stop it."""
    yield from running(Snmpd(tmp_path_factory.mktemp("snmpd")))


@pytest.fixture
def start_snmpd(tmp_path: Path) -> Iterator[Callable[..., Snmpd]]:
    """Start an snmpd of the test's own, which it may stop, pause and kill."""
    yield from _many(Snmpd, tmp_path)


@pytest.fixture
def start_snmp_exporter(tmp_path: Path) -> Iterator[Callable[..., SnmpExporter]]:
    """Start an snmp_exporter with a given configuration."""
    yield from _many(SnmpExporter, tmp_path)


@pytest.fixture
def silences() -> Iterator[Callable[[str, int], Silence]]:
    """Relays before servers whose answers can be held back."""
    with contextlib.ExitStack() as stack:

        def before(host: str, port: int) -> Silence:
            one = Silence(stack.enter_context(Relay(host, port)))
            stack.callback(one.end)
            return one

        yield before


@pytest.fixture
def hostile_server() -> Iterator[HostileServer]:
    """An HTTP server that misbehaves as it is told."""
    with HostileServer() as server:
        yield server


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A loopback port to which connecting takes for ever."""
    with silent_port() as port:
        yield port


@pytest.fixture
def mount_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a disk of so many bytes, at most one a test. Skips where nobody may mount one."""
    with contextlib.ExitStack() as mounted:

        def mount(size: int) -> Path:
            try:
                return mounted.enter_context(small_disk(tmp_path / "disk", size))
            except MountError as reason:
                skip_or_fail(reason)

        yield mount


@pytest.fixture
def full_disk(mount_disk: Callable[[int], Path]) -> Path:
    """A disk of 64 kB."""
    return mount_disk(64 << 10)


@pytest.fixture
def runtime_folder() -> Iterator[Path]:
    """A folder whose path is short enough for the name of a unix socket; that of `tmp_path` may not be."""
    with tempfile.TemporaryDirectory(prefix="orb-") as folder:
        yield Path(folder)


@pytest.fixture
def metric_name() -> str:
    """A metric name that no other test has."""
    return f"test_{uuid.uuid4().hex[:12]}"
