"""Neighbours out of LLDP-MIB (IEEE 802.1AB)."""
