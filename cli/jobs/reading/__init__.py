"""The transaction sets of a file on their way in, and the process that reads those of a large file ahead.

`sets` makes of bytes what a job takes in, `wire` sends that through a pipe and back, `ahead` starts the process, which
is the module run as a program. It imports no store, so that it is there in a tenth of a second.
"""
