"""The file that `sentinel config init` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_runtime.settings.model.addition import Addition

TEMPLATE: Final = """\
# Orbital Sentinel. Every key may be left out; what stands behind # is an example or the default.
# Check this file with `sentinel validate`, see all that holds with `sentinel config show`.
# Values may be ${NAME} from the environment, or ${secret:NAME} after `sentinel secrets set NAME`.

sentinel:
  name: "" # empty: the host's name
  region: ""
  # labels: # put on every sample
  #   datacenter: dc1

sender:
  mode: direct # samples go to these outputs
  direct: # the outputs; as many as you like, all get every sample
    file:
      path: ./data/samples.jsonl
    # prometheus: # started with --web.enable-remote-write-receiver
    #   url: http://127.0.0.1:9090/api/v1/write
    # central: # any name; `writer` says which kind
    #   writer: prometheus
    #   url: https://metrics.example.com/api/v1/write
    #   bearer_token: ${METRICS_TOKEN}

tasks: # more of them may stand in files of their own: tasks.d/*.yaml
  - id: ping-this-machine
    device_id: this-machine
    plugin: ping
    interval: 10s
    config:
      host: 127.0.0.1
  # - id: web-shop
  #   device_id: shop
  #   plugin: http
  #   interval: 30s
  #   timeout: 10s
  #   config:
  #     url: https://shop.example.com/health

# collector:
#   worker_pool_size: 256 # collections that run at once
#   max_execution_time: 300s

# buffer:
#   type: memory # memory, or disk: what waits is kept over restarts and crashes
#   disk_path: ./data/buffer
#   size: 1000000 # samples that may wait
#   bytes: 256MiB
#   when_full: drop_oldest # drop_oldest, drop_newest or block
#   flush_interval: 10s

# plugins:
#   auto_reload: true # reload this file when it changes

# telemetry: # /metrics, /healthz, /readyz
#   listen: 127.0.0.1:9464

# logging:
#   level: info # debug, info, warn, error
#   format: text # text, json
#   output: stdout # stdout, file, both
#   file_path: ./logs/sentinel.log
#   max_size: 100 # MB
#   max_backups: 7
#   max_age: 30 # days
"""


def template(added: Sequence[Addition] = ()) -> str:
    """A configuration to start with: it runs as it is, and lists further keys."""
    return "\n".join([TEMPLATE, *(one.template for one in added if one.template)])
