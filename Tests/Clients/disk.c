// A disk that fails on command, under a server that knows nothing of it: preloaded, it stands
// between the server and the calls that write files.
//
//     server ──pwrite, fdatasync, fsync, fallocate, ftruncate, rename──► here ──► libc
//                                           reads FAULTS_CONTROL, appends to FAULTS_JOURNAL
//
// While the control file exists, each of its lines is a fault: "CALL SUFFIX ERRNO". A call of that
// name on a file whose path ends in SUFFIX ("*": any) fails with ERRNO and does nothing; ERRNO 0
// makes it wait until the line is gone. Every call on a file under FAULTS_DIRECTORY is a line of
// the journal: "PROCESS CALL ERRNO BYTES PATH", or "wait" for ERRNO when a wait begins.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum call { PWRITE, FDATASYNC, FSYNC, FALLOCATE, FTRUNCATE, RENAME, CALLS };
static const char *const names[CALLS] = {"pwrite", "fdatasync", "fsync", "fallocate", "ftruncate",
                                         "rename"};

static int ends_with(const char *text, const char *suffix) {
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

/// The error that this call is to fail with; 0 for none, -1 for waiting.
static int fault(enum call call, const char *path) {
    const char *control = getenv("FAULTS_CONTROL");
    if (!control) return 0;
    int file = open(control, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char text[2048];
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    if (size <= 0) return 0;
    text[size] = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char name[32], suffix[256];
        int number = 0;
        if (sscanf(line, "%31s %255s %d", name, suffix, &number) != 3) continue;
        if (strcmp(name, names[call]) != 0) continue;
        if (strcmp(suffix, "*") != 0 && !ends_with(path, suffix)) continue;
        return number == 0 ? -1 : number;
    }
    return 0;
}

static void note(enum call call, const char *outcome, long bytes, const char *path) {
    const char *journal = getenv("FAULTS_JOURNAL");
    if (!journal) return;
    char line[PATH_MAX + 80];
    int length = snprintf(line, sizeof line, "%d %s %s %ld %s\n", (int)getpid(), names[call],
                          outcome, bytes, path);
    int file = open(journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    if (length > 0 && write(file, line, (size_t)length) < 0) abort();
    close(file);
}

/// 0 when the call may go on to the system; else -1, and errno is set.
static int judge(enum call call, const char *path, long bytes) {
    const char *directory = getenv("FAULTS_DIRECTORY");
    if (!directory || strncmp(path, directory, strlen(directory)) != 0) return 0;
    int number = fault(call, path);
    if (number < 0) note(call, "wait", bytes, path);
    while (number < 0) {
        usleep(2000);
        number = fault(call, path);
    }
    char outcome[16];
    snprintf(outcome, sizeof outcome, "%d", number);
    note(call, outcome, bytes, path);
    if (number == 0) return 0;
    errno = number;
    return -1;
}

static int judge_file(enum call call, int file, long bytes) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return judge(call, path, bytes);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    if (judge_file(PWRITE, file, (long)count) != 0) return -1;
    return syscall(SYS_pwrite64, file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return pwrite(file, bytes, count, offset);
}

int fdatasync(int file) {
    if (judge_file(FDATASYNC, file, 0) != 0) return -1;
    return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file) {
    if (judge_file(FSYNC, file, 0) != 0) return -1;
    return (int)syscall(SYS_fsync, file);
}

int fallocate(int file, int mode, off_t offset, off_t length) {
    if (judge_file(FALLOCATE, file, (long)length) != 0) return -1;
    return (int)syscall(SYS_fallocate, file, mode, offset, length);
}

int fallocate64(int file, int mode, off64_t offset, off64_t length) {
    return fallocate(file, mode, offset, length);
}

int ftruncate(int file, off_t length) {
    if (judge_file(FTRUNCATE, file, (long)length) != 0) return -1;
    return (int)syscall(SYS_ftruncate, file, length);
}

int ftruncate64(int file, off64_t length) { return ftruncate(file, length); }

int rename(const char *old, const char *new) {
    if (judge(RENAME, new, 0) != 0) return -1;
    return (int)syscall(SYS_rename, old, new);
}
