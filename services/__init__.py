"""The programs of the fleet, one folder each. Services never import each other."""

__version__ = "0.1.0"
