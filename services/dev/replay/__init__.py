"""`padfleet replay`: a recorded editing session, through real sockets.

`trace` reads a recording and says what each edit was made on top of, `author` makes one author's
edits on exactly that, `__main__` brings authors and readers together and compares at the end.
"""
