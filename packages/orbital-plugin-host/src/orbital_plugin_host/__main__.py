"""`python -m orbital_plugin_host NAME`."""

from orbital_plugin_host.program.main import main

main()
