#include <stdint.h>

// A statically linked Foundation brings ICU, and with it 34 MB of data about languages, calendars and currencies, of which Shoal uses nothing
// (Foundation itself comes with Yams). ICU's own way out is an empty package of data under the name of the full one, "stub data"
// (unicode-org.github.io/icu/userguide/icu_data, "Building and Linking against ICU Data"): where this symbol is defined, the linker leaves the
// full one in its archive. What needs no data still works: NSRegularExpression, of which Yams resolves scalars. Hidden, so that a
// Foundation that is a shared library keeps its own.

/// The header of a data package (ICU's ucmndata.h), followed by a table of contents without entries.
struct icu_package {
    uint16_t header_size;
    uint8_t magic[2];
    uint16_t info_size;
    uint16_t reserved;
    uint8_t is_big_endian, charset_family, size_of_uchar, reserved_byte;
    uint8_t data_format[4], format_version[4], data_version[4];
    uint8_t padding[8];
    uint32_t entries;
};
_Static_assert(sizeof(struct icu_package) == 36, "the table of contents follows a header of 32 bytes");

/// Named for the version of ICU in Swift 6.3; with another one it is not used, and the binary has the full data.
__attribute__((visibility("hidden"), aligned(16))) const struct icu_package icudt76_dat = {
    .header_size = 32,
    .magic = {0xda, 0x27},
    .info_size = 20,
    .is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
    .size_of_uchar = 2,
    .data_format = {'T', 'o', 'C', 'P'},
    .format_version = {1},
};
