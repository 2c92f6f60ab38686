# verdict: outside
# outside: terminal
# who: the program
# terminal
print("ready", flush=True)
input()  # here
