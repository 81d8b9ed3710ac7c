"""Extensions of the agent, which installed packages offer in the entry point group `orbital.extensions`."""

from orbital_runtime.extensions.extension import Extension, Preview
from orbital_runtime.extensions.host import Counts, ExtensionHost, Views
from orbital_runtime.extensions.status import Reason, UnusableTask

__all__ = ["Counts", "Extension", "ExtensionHost", "Preview", "Reason", "UnusableTask", "Views"]
