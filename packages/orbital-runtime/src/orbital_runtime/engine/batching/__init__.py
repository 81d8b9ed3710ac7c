"""Collections become batches: checked, labelled, processed, with stale markers."""
