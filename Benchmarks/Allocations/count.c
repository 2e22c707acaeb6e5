// Counts the calls that take memory from the heap, in a process that this is preloaded into, and
// prints the total when the process ends. What a benchmark wants is the difference of two runs of
// different length, divided by the difference of the work.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

static atomic_ulong calls;
static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static int (*next_memalign)(void **, size_t, size_t);

// dlsym itself asks for a little memory before anything is known.
static char early[4096];
static size_t early_used;

static void find(void) {
    next_malloc = dlsym(RTLD_NEXT, "malloc");
    next_calloc = dlsym(RTLD_NEXT, "calloc");
    next_realloc = dlsym(RTLD_NEXT, "realloc");
    next_memalign = dlsym(RTLD_NEXT, "posix_memalign");
}

static void *take_early(size_t size) {
    void *memory = early + early_used;
    early_used += (size + 15) & ~(size_t)15;
    return early_used <= sizeof early ? memory : NULL;
}

void *malloc(size_t size) {
    if (!next_malloc) find();
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return next_malloc(size);
}

void *calloc(size_t count, size_t size) {
    if (!next_calloc) return take_early(count * size);
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return next_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    if (!next_realloc) find();
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return next_realloc(memory, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (!next_memalign) find();
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return next_memalign(memory, alignment, size);
}

__attribute__((destructor)) static void print(void) {
    fprintf(stderr, "heap-calls=%lu\n", atomic_load(&calls));
}
