"""What authors of plugins, processors and writers subclass, receive and return; `orbital_sdk` exports it."""
