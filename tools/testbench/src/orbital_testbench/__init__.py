"""Real servers and hostile peers, started on free loopback ports."""

from orbital_http.testing import (
    Answer,
    Behaviour,
    CloseAfterHeaders,
    CutAnswer,
    CutConnection,
    Drip,
    DripHeaders,
    Garbage,
    HostileServer,
    NoAnswer,
    Request,
)
from orbital_testbench.blackbox import BlackboxExporter
from orbital_testbench.certificates import Authority, Certificate
from orbital_testbench.clickhouse import ClickHouse, FullServer, StatementError
from orbital_testbench.devcore import DevCore
from orbital_testbench.disk_faults import DiskFaults, Fault
from orbital_testbench.disk_trace import DiskTrace, PowerCut
from orbital_testbench.disks import MountError, small_disk
from orbital_testbench.feeder import SILENT, Feeder, NumberSink
from orbital_testbench.modbus import Asked, ModbusServer, SerialLine, pty_pair, serial_modbus
from orbital_testbench.name_server import Name, NameServer
from orbital_testbench.nginx import Nginx
from orbital_testbench.ports import free_port, silent_port
from orbital_testbench.programs import MissingProgramError, find_program
from orbital_testbench.prometheus import Prometheus
from orbital_testbench.promql import Point, Points, PromServer
from orbital_testbench.relay import Relay
from orbital_testbench.rights import SOMEBODY, as_root, with_file, without_rights
from orbital_testbench.server import Server, ServerError, running
from orbital_testbench.silence import Silence
from orbital_testbench.tinyproxy import TinyProxy
from orbital_testbench.victoria import VictoriaMetrics, VmAgent
from orbital_testbench.waiting import NeverHappenedError, eventually, wait_until

__all__ = [
    "SILENT",
    "SOMEBODY",
    "Answer",
    "Asked",
    "Authority",
    "Behaviour",
    "BlackboxExporter",
    "Certificate",
    "ClickHouse",
    "CloseAfterHeaders",
    "CutAnswer",
    "CutConnection",
    "DevCore",
    "DiskFaults",
    "DiskTrace",
    "Drip",
    "DripHeaders",
    "Fault",
    "Feeder",
    "FullServer",
    "Garbage",
    "HostileServer",
    "MissingProgramError",
    "ModbusServer",
    "MountError",
    "Name",
    "NameServer",
    "NeverHappenedError",
    "Nginx",
    "NoAnswer",
    "NumberSink",
    "Point",
    "Points",
    "PowerCut",
    "PromServer",
    "Prometheus",
    "Relay",
    "Request",
    "SerialLine",
    "Server",
    "ServerError",
    "Silence",
    "StatementError",
    "TinyProxy",
    "VictoriaMetrics",
    "VmAgent",
    "as_root",
    "eventually",
    "find_program",
    "free_port",
    "pty_pair",
    "running",
    "serial_modbus",
    "silent_port",
    "small_disk",
    "wait_until",
    "with_file",
    "without_rights",
]
