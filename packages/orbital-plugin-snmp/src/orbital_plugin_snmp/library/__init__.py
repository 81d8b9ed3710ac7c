"""pysnmp behind the port: v1, v2c and v3. Slow, and the judge of the fast engine.

What it does badly at scale is designed out: an engine mixes up users of the same name, so each set of
credentials has its own; it never forgets a device's engine id, so it is replaced after silence; its retries
know no deadline, so they are ours; its socket's buffer loses bursts, so it is widened, and few requests are
on their way at once.
"""

from orbital_plugin_snmp.library.engines import LibraryEngines

__all__ = ["LibraryEngines"]
