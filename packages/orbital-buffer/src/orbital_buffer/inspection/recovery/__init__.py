"""Recovery of batches from the quarantine."""
