// zlib: raw deflate and inflate (RFC 1951) for messages that share no context. What zlib offers as
// macros, which Swift does not see, is a function here.

#ifndef LINGXI_CZLIB_H
#define LINGXI_CZLIB_H

#include <zlib.h>

/// A raw inflater that takes any window; Z_OK when it worked.
static inline int zlib_inflate_init(z_stream *stream) { return inflateInit2(stream, -MAX_WBITS); }

/// A raw deflater whose window has 2^`window_bits` bytes (9 to 15); Z_OK when it worked.
static inline int zlib_deflate_init(z_stream *stream, int level, int window_bits,
                                    int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, -window_bits, memory_level,
                        Z_DEFAULT_STRATEGY);
}

/// Whether an inflater that has used up its input stands between two blocks, with no bit left over.
static inline int zlib_is_between_blocks(const z_stream *stream) {
    return (stream->data_type & 0x80) != 0 && (stream->data_type & 0x3F) == 0;
}

#endif
