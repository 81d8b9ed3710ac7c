"""What `sentinel discover` asks SNMP devices, and as whom."""
