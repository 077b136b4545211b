"""The Price List of the local AWS: its test price table, and the pricing API over it."""
