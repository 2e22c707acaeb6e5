// LZ4: blocks for what is kept in memory, frames for what is kept on disk.

#include <lz4.h>
#include <lz4frame.h>
#include <lz4hc.h>
