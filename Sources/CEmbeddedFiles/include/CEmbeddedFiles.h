#pragma once

#include <stddef.h>
#include <stdint.h>

/// A file that is a part of the binary.
typedef struct {
    /// Where it lies below Sources.
    const char *path;
    /// NULL if there is no such file. Lasts as long as the process.
    const uint8_t *bytes;
    size_t size;
} ShoalFile;

/// The file of that path, found in time proportional to the number of files.
ShoalFile shoal_file(const char *path);
