"""What sends and receives SNMP, behind one port."""
