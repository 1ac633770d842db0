#ifndef SHOAL_LANGUAGE_PROFILES_H
#define SHOAL_LANGUAGE_PROFILES_H

#include <stddef.h>
#include <stdint.h>

/// The file profiles.bin, which scripts/make-language-profiles writes.
const uint8_t *shoal_language_profiles(void);

/// Its length in bytes.
size_t shoal_language_profiles_size(void);

#endif
