"""``snap demo``: a shop, a deploy that goes wrong, and the way back, on a real PostgreSQL, a real
Valkey and a stand-in for a name server.

:mod:`.shop` makes the application and breaks it, :mod:`.evidence` looks at it without snapstore, and
:mod:`.story` plays: it runs the commands that a user would type, shows what they print, and compares the
evidence. This is a user of the product, which is why it may name adapters and talk to servers itself.
"""
