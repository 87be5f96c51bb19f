"""Rules for types that users make: enums, composites, domains, ranges and base types."""
