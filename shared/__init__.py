"""This package has what all services of the fleet use. It imports no service."""
