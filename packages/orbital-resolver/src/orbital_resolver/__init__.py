"""Names to addresses for plugins, without blocking the loop: `await lookup(host, port)`."""

from orbital_resolver.address import Address, literal
from orbital_resolver.errors import Unresolved
from orbital_resolver.resolver import Resolver, lookup
from orbital_resolver.sources import Files

__all__ = ["Address", "Files", "Resolver", "Unresolved", "literal", "lookup"]
