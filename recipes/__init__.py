"""How each bundled model was made: one readable, seeded file per model."""
