"""Tests of a configuration: given these samples or this recording, expect those samples."""
