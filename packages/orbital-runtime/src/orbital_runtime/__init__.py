"""The core runtime of Orbital Sentinel: agent, settings, scheduler, engine, buffer, sender and telemetry."""
