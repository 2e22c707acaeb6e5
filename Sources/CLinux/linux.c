// The calls that glibc declares for _GNU_SOURCE only.

#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/sockios.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int linux_accept4(int fd, struct sockaddr_storage *address, socklen_t *length) {
    return accept4(fd, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int linux_fallocate(int fd, off_t offset, off_t length) {
    return fallocate(fd, 0, offset, length);
}

const char *linux_error_text(int number) { return strerrordesc_np(number); }

int linux_name_thread(unsigned long thread, const char *name) {
    return pthread_setname_np(thread, name);
}

void linux_trim_memory(void) { malloc_trim(0); }

long linux_resident_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) return 0;
    long all = 0, resident = 0;
    int found = fscanf(file, "%ld %ld", &all, &resident);
    fclose(file);
    return found == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

int linux_unacknowledged(int fd) {
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : -1;
}

const void *linux_memmem(const void *haystack, size_t haystack_length, const void *needle,
                         size_t needle_length) {
    return memmem(haystack, haystack_length, needle, needle_length);
}

int linux_pin_to_cpu(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof set, &set);
}
