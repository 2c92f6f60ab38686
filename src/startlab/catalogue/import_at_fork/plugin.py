"""A plugin that is slow to import: in the main program its import waits for an event."""

import sys

main = sys.modules["__main__"]
if hasattr(main, "importing"):
    main.importing.set()
    main.go_on.wait()

name = "the plugin"
