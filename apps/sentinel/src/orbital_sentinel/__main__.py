"""`python -m orbital_sentinel`."""

import sys

from orbital_sentinel.cli import main

sys.exit(main())
