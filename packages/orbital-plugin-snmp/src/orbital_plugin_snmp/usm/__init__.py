"""The user-based security model of SNMPv3 (RFC 3414): keys, ciphers, and messages that carry them."""
