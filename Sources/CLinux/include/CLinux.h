// What Linux offers and the Glibc module does not show to Swift. Plain calls are static inline:
// nothing of them is left in the binary as a symbol of its own. What glibc declares for _GNU_SOURCE
// only stands in linux.c, because defining that macro here would give Swift a second fd_set.

#ifndef LINGXI_CLINUX_H
#define LINGXI_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

static inline int linux_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

static inline int linux_signalfd(const sigset_t *mask) {
    return signalfd(-1, mask, SFD_CLOEXEC);
}

static inline int linux_open(const char *path, int flags, mode_t mode) {
    return open(path, flags | O_CLOEXEC, mode);
}

/// accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC.
int linux_accept4(int fd, struct sockaddr_storage *address, socklen_t *length);

/// fallocate(2) with mode 0: 0, or -1 and errno.
int linux_fallocate(int fd, off_t offset, off_t length);

/// What error `number` means, in English; null for a number that is none.
const char *linux_error_text(int number);

/// Names a thread for people; 0, or an error number.
int linux_name_thread(unsigned long thread, const char *name);

/// Gives memory that is free in the allocator back to the kernel.
void linux_trim_memory(void);

/// Bytes of this process that are in memory; 0 where the kernel does not say.
long linux_resident_bytes(void);

/// Bytes in the socket's send queue that the peer has not acknowledged, or -1.
int linux_unacknowledged(int fd);

/// Keeps this process on one processor: 0, or -1 and errno.
int linux_pin_to_cpu(int cpu);

const void *linux_memmem(const void *haystack, size_t haystack_length, const void *needle,
                         size_t needle_length);

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `length` bytes, going on from `crc` (0 to start).
uint32_t linux_crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
