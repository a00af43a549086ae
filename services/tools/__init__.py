"""Contains the commands for operators, one package for each. They never import each other."""
