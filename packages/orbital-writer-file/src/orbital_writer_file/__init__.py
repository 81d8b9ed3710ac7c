"""Write samples to a local file as JSON lines."""

from orbital_writer_file.settings import FileConfig
from orbital_writer_file.writer import File

__all__ = ["File", "FileConfig"]
