"""What every service of the fleet uses. Nothing here imports a service."""
