// The one binary. What it does is decided by its arguments; everything that runs on other threads
// is made in free functions, because closures made here belong to the main actor.

import Configuration
import Glibc

exit(runCommand(Array(CommandLine.arguments.dropFirst())))
