# What type checkers see of `allot`: the functions themselves, which `__init__.py` loads when they are named.
from allot.cli.library import decide as decide
from allot.cli.library import plan as plan
