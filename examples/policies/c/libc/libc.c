// As much of a C library as the bindings need. Memory is taken and never given back: a sandbox lives for one call, and
// what `configure` took is to stay.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 65536
#define ALIGNMENT 16

extern unsigned char __heap_base;
static uintptr_t top;

void *malloc(size_t size) {
    if (top == 0) top = (uintptr_t)&__heap_base;
    uintptr_t begin = (top + ALIGNMENT - 1) & -(uintptr_t)ALIGNMENT;
    if (size > UINT32_MAX - begin) abort();
    top = begin + size;
    size_t pages = __builtin_wasm_memory_size(0);
    size_t needed = top / PAGE + (top % PAGE != 0);
    if (needed > pages && __builtin_wasm_memory_grow(0, needed - pages) == SIZE_MAX) abort();
    return (void *)begin;
}

void *realloc(void *old, size_t size) {
    void *memory = malloc(size);
    // How long the old piece was is not known; it lies before the new one, so that as much as is copied is there.
    if (old != NULL) memcpy(memory, old, size);
    return memory;
}

void free(void *memory) { (void)memory; }

_Noreturn void abort(void) { __builtin_trap(); }

void *memcpy(void *to, const void *from, size_t count) {
    for (size_t i = 0; i < count; i++) ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
    return to;
}

void *memset(void *to, int byte, size_t count) {
    for (size_t i = 0; i < count; i++) ((unsigned char *)to)[i] = (unsigned char)byte;
    return to;
}

int memcmp(const void *one, const void *two, size_t count) {
    const unsigned char *left = one, *right = two;
    for (size_t i = 0; i < count; i++) {
        if (left[i] != right[i]) return left[i] - right[i];
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length] != 0) length++;
    return length;
}
