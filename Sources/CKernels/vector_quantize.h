/// Quantisation of activations. Included after vector.h.
#include "int8.h"

typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));

CK_INLINE i16 magnitudes(v16 x) { return (i16)x & INT32_MAX; }

CK_INLINE float quantize_row(const float *x, size_t width, uint8_t *q) {
    size_t whole = width / 16 * 16, rest = width - whole, stride = ck_int8_row_bytes(width);
    i16 highest = (i16)(0);
    for (size_t i = 0; i < whole; i += 16) highest = __builtin_elementwise_max(highest, magnitudes(load(x + i)));
    if (rest) highest = __builtin_elementwise_max(highest, magnitudes(load_part(x + whole, rest, 0.0f)));
    ck_scaling scaling = ck_scaling_of(__builtin_reduce_max(highest), CK_ACTIVATION_MOST);
    size_t done = 0;
    if (scaling.inverse != 0.0f) {
        for (; done < width; done += 16) {
            v16 values = done < whole ? load(x + done) : load_part(x + whole, rest, 0.0f);
            i16 steps = __builtin_convertvector(__builtin_elementwise_rint(values * splat(scaling.inverse)), i16);
            u8x16 bytes = __builtin_convertvector(steps + CK_INT8_ZERO, u8x16);
            memcpy(q + done, &bytes, sizeof bytes);
        }
    }
    memset(q + done, CK_INT8_ZERO, stride - done);
    return scaling.scale;
}

void CK_NAME(ck_quantize_rows)(const ck_quantize_args *a) {
    size_t stride = ck_int8_row_bytes(a->width);
    for (size_t m = 0; m < a->rows; m++) a->scales[m] = quantize_row(a->x + m * a->ldx, a->width, a->q + m * stride);
}
