"""The server: connections and their settings, locks, who is in the way, and what takes long."""
