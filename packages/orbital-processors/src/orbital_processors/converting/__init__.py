"""The processor `convert`: units, scale, limits and codes of values."""

from orbital_processors.converting.processor import Convert, ConvertConfig
from orbital_processors.converting.rule import Conversion

__all__ = ["Conversion", "Convert", "ConvertConfig"]
