"""Delivers to VictoriaMetrics by remote write, zstd or snappy."""
