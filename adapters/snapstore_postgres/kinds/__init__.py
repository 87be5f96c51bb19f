"""The rules, by kind of object: how each is created, dropped and altered."""
