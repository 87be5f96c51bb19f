"""Rules for indexes: alone, as parts of others, and what tables use them for."""
