"""What every test shares: hypothesis takes its time and draws the same examples on every machine.

`python3 dev.py test --hypothesis-profile=search` draws new ones instead.
"""

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile("same")
