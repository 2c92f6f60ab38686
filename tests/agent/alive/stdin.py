# stdin
# A process outside types.
import sys

assert sys.stdin.readline() == "something\n"
