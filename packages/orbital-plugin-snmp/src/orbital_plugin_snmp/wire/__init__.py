"""SNMP as bytes: BER (X.690), as far as RFC 3417 8 lets SNMP use it."""
