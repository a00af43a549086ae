"""Has one function for each fault. It strikes while people type, says when things are `mended`, and
returns when people can be expected to get on again."""
