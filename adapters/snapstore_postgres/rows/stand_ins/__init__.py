"""Values that stand in where a column has to have one and nobody knows what the rows had in it."""
