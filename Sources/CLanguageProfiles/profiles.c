#include "CLanguageProfiles.h"

// Of C23; Clang takes it in older C, too.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t profiles[] = {
#embed "profiles.bin"
};

const uint8_t *shoal_language_profiles(void) { return profiles; }

size_t shoal_language_profiles_size(void) { return sizeof profiles; }
