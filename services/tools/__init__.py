"""What people run: commands for operators, a folder each. They never import each other."""
