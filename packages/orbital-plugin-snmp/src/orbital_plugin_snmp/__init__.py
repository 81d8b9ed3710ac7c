"""SNMP v1, v2c and v3 for Orbital Sentinel: profiles, whole tables, learning walks."""
