"""The processor `relabel`: Prometheus' `metric_relabel_configs`."""

from orbital_processors.relabel.processor import Relabel, RelabelConfig
from orbital_processors.relabel.rule import Rule

__all__ = ["Relabel", "RelabelConfig", "Rule"]
