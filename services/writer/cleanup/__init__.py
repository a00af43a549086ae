"""What a writer removes: `vacancies` are pads that nobody ever wrote in, `retention` is for those
that nobody has used for a long time, and `ghosts` are members whom a dead worker left behind."""
