"""A plugin that takes its time to import: in the main program it waits for what that prepares."""

import sys

main = sys.modules["__main__"]
if hasattr(main, "importing"):
    main.importing.set()
    main.go_on.wait()

name = "the plugin"
