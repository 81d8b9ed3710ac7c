"""Delivers to ClickHouse: columnar inserts, three schemas."""
