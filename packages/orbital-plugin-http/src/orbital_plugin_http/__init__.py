"""HTTP and HTTPS probes for Orbital Sentinel: status, phases, certificates, values out of bodies."""
