/// Matrix products of 8-bit integers, one thread.
///
/// **Numbers.** A row of activations is x[k] = scale * (q[k] - 128), q in 1 ... 255; an output's weights are w[k] = scale * p[k],
/// p in -127 ... 127, or in -63 ... 63 where they have 7 bits. Both scales are the greatest magnitude over 127, or over 63, and both
/// round half to even. Values below 2^-100 throughout
/// become 0 with scale 0; where one is infinite or not a number the scale is not a number, and so is every result.
///
/// **Order of operations.** Sums of products are exact integers, whatever the instruction set; what follows them has the one order
/// that `ck_linear_int8` states. So all instruction sets give the same bits, and a row never depends on the other rows of the call.
#ifndef CKERNELS_INT8_H
#define CKERNELS_INT8_H

#include "CKernels.h"

/// The byte that stands for an activation of 0.
enum { CK_INT8_ZERO = 128 };

/// Inputs that share one 32-bit lane: what the dot-product instructions add up.
enum { CK_INT8_GROUP = 4 };

/// Most inputs of a product: sums, and their parts by an offset of 128, stay within 32 bits.
enum { CK_INT8_MAX_INPUTS = 1 << 16 };

/// Bytes from one row of quantised activations to the next: `inputs` rounded up to a cache line.
size_t ck_int8_stride(size_t inputs);

/// Bytes of the packed form of [outputs, inputs] weights: whole panels of CK_PANEL outputs, inputs rounded up to two groups.
size_t ck_int8_packed_count(size_t outputs, size_t inputs);

/// Greatest magnitude of packed weights. With 7 bits two products of a weight and an unsigned byte fit a signed number of 16 bits,
/// 2 * 255 * 63, so that AVX2 takes three instructions in the place of four. The sums are exact either way, and the other instruction
/// sets compute both alike.
typedef enum ck_weight_most {
    CK_WEIGHTS_8_BITS = 127,
    CK_WEIGHTS_7_BITS = 63,
} ck_weight_most;

/// Outputs whose weights lie side by side, a divisor of CK_PANEL. With AVX2 and VNNI as many as the product of one row takes at a time,
/// so that it reads the panels from their start to their end.
size_t ck_int8_strip(ck_isa isa);

/// Quantises and packs row-major weights [outputs, inputs], inputs <= CK_INT8_MAX_INPUTS, for the products of `isa` alone.
///
/// `panels` is 64-byte aligned, [ceil(outputs / CK_PANEL)][CK_PANEL / strip][inputs / CK_INT8_GROUP][strip][CK_INT8_GROUP] with the
/// strip of `ck_int8_strip`, zero where there are no weights. `scales` and `offsets` are padded to whole panels; an offset is -128 times
/// the sum of an output's quantised weights, which takes the 128 out of the activations again.
void ck_quantize_weights(
    ck_isa isa, ck_weight_most most, const float *weights, size_t outputs, size_t inputs, int8_t *panels, float *scales,
    int32_t *offsets);

/// Copies the packed weights of one output to the place of another, in panels of the same `isa` and number of inputs.
void ck_copy_int8_output(ck_isa isa, const int8_t *from, size_t output, size_t inputs, int8_t *to, size_t place);

/// out[k] = p[output][k] * (scales[output] * scale) + addend[k], each operation rounded; a null addend adds nothing. The look-up in an
/// embedding table that is also the output matrix.
typedef struct ck_unpack_int8_args {
    const int8_t *panels;  ///< from `ck_quantize_weights` with the same `isa`, as are the scales
    const float *scales;
    size_t inputs, output;
    float scale;
    const float *addend;   ///< [inputs], or null
    float *out;            ///< [inputs]
} ck_unpack_int8_args;

void ck_unpack_int8_row(ck_isa isa, const ck_unpack_int8_args *args);

/// Quantises rows of activations.
typedef struct ck_quantize_args {
    const float *x;  ///< [rows, width], rows `ldx` floats apart
    size_t ldx;
    uint8_t *q;      ///< [rows, width], rows `ck_int8_stride(width)` bytes apart, CK_INT8_ZERO in the padding
    float *scales;   ///< [rows]
    size_t rows, width;
} ck_quantize_args;

void ck_quantize_rows(ck_isa isa, const ck_quantize_args *args);

/// y[m][n] = activation(fma(sum_k (x[m][k] - 128) * W[n][k], x_scales[m] * scales[n], bias[n])) + residual[m][n],
/// the sum rounded to a float once.
typedef struct ck_linear_int8_args {
    const uint8_t *x;        ///< from `ck_quantize_rows`: no byte is 0
    const float *x_scales;   ///< [rows]
    const int8_t *panels;    ///< from `ck_quantize_weights` with the same `isa`, as are the next two
    const float *scales;
    const int32_t *offsets;
    ck_weight_most most;     ///< no weight is greater
    const float *bias;       ///< padded to whole panels, or null for zeros
    const float *residual;   ///< [rows, outputs], rows `ldr` floats apart, or null; may be y itself
    size_t ldr;
    float *y;                ///< [rows, outputs], rows `ldy` floats apart
    size_t ldy;
    size_t rows, inputs, outputs;
    ck_activation activation;
} ck_linear_int8_args;

void ck_linear_int8(ck_isa isa, const ck_linear_int8_args *args);

/// The part of a product that gives `count` outputs from `first` on, a multiple of CK_PANEL: the same bits as in the whole.
static inline ck_linear_int8_args ck_linear_int8_part(const ck_linear_int8_args *whole, size_t first, size_t count) {
    ck_linear_int8_args part = *whole;
    part.panels += ck_int8_packed_count(first, whole->inputs);
    part.scales += first;
    part.offsets += first;
    part.outputs = count;
    part.bias = whole->bias ? whole->bias + first : 0;
    part.residual = whole->residual ? whole->residual + first : 0;
    part.y += first;
    return part;
}

/// Some outputs of one row: y[i] is what `ck_linear_int8` gives output ids[i] before activation and residual, to the bit. Reads
/// the cache lines of these outputs and of the 15 beside each, not the rest of the weights.
typedef struct ck_select_int8_args {
    const uint8_t *x;        ///< one row from `ck_quantize_rows`
    float x_scale;
    const int8_t *panels;    ///< from `ck_quantize_weights` with the same `isa`, as are the next two
    const float *scales;
    const int32_t *offsets;
    ck_weight_most most;     ///< no weight is greater
    const float *bias;       ///< padded to whole panels, or null for zeros
    const size_t *ids;       ///< [count], in any order, possibly repeated
    float *y;                ///< [count]
    size_t inputs, count;
} ck_select_int8_args;

void ck_select_int8(ck_isa isa, const ck_select_int8_args *args);

/// Most inputs of a screening: sums stay within 32 bits.
enum { CK_SCREEN_MAX_INPUTS = 1 << 12 };

/// Rows up to which a screening is cheaper than the product; 0 where it never is.
size_t ck_screen_rows(ck_isa isa);

/// Bytes of the upper halves of [outputs, inputs] weights, inputs <= CK_SCREEN_MAX_INPUTS: half of the weights' own.
size_t ck_screen_packed_count(size_t outputs, size_t inputs);

/// Takes the upper four bits p >> 4 of packed weights, -8 ... 7, and for each output how far the lower ones can lead: the norm of
/// (p & 15) - 7.5, rounded up. Weights of 7 bits are taken twice, p = 2 w. `plane` is 64-byte aligned, `errors` padded to whole panels.
void ck_screen_pack(ck_isa isa, ck_weight_most most, const int8_t *panels, size_t outputs, size_t inputs, uint8_t *plane, float *errors);

/// Bounds from above of what `ck_linear_int8` gives without activation and residual, by the upper halves of the weights alone.
///
/// With p = 16 h + 7.5 + r the sum is 16 q . h + 7.5 sum(q) + q . r, and |q . r| <= |q| |r| (Cauchy and Schwarz). The bound has room for
/// the rounding of both computations. Not-a-number where an activation's scale is. All instruction sets give bounds that hold, not
/// the same bits.
typedef struct ck_screen_args {
    const uint8_t *x;       ///< from `ck_quantize_rows`
    const float *x_scales;  ///< [rows]
    const uint8_t *plane;   ///< from `ck_screen_pack` with the same `isa`, as are the errors
    const float *errors;
    const float *scales;    ///< of the weights
    ck_weight_most most;    ///< of the weights
    const float *bias;      ///< padded to whole panels, or null for zeros
    float *upper;           ///< [rows, outputs], rows `ldu` floats apart
    size_t ldu;
    size_t rows, inputs, outputs;
} ck_screen_args;

void ck_screen(ck_isa isa, const ck_screen_args *args);

/// The part of a screening that bounds `count` outputs from `first` on, a multiple of CK_PANEL.
static inline ck_screen_args ck_screen_part(const ck_screen_args *whole, size_t first, size_t count) {
    ck_screen_args part = *whole;
    part.plane += ck_screen_packed_count(first, whole->inputs);
    part.errors += first;
    part.scales += first;
    part.bias = whole->bias ? whole->bias + first : 0;
    part.upper += first;
    part.outputs = count;
    return part;
}

#endif
