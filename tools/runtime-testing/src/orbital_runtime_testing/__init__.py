"""Contract suites of the runtime's own seams, for every implementation behind them."""
