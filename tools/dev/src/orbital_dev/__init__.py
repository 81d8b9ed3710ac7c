"""What the developers of Orbital Sentinel use: changed packages, version ranges."""
