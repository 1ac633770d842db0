/// The int8 product. Included after vector.h by a file that also defines, for its instruction set,
/// - `dot_sums`, 16 sums of as many outputs: `dot_start(offsets, narrow)`, `dot_join(sums, sums)`, and `dot_result(sums)` as a vector;
/// - `dot_inputs`, four activations for every lane: `dot_broadcast(bytes, narrow)`;
/// - `dot_weights`, four weights for each of 16 outputs: `dot_load(bytes, narrow)`;
/// - `dot(sums, inputs, weights, narrow)`, which adds the products exactly;
/// - CK_INT8_NARROW, 1 where `narrow`, that weights have 7 bits, makes a difference, else 0; `narrow` is a constant in each function;
/// - CK_INT8_STRIP, the outputs whose weights lie side by side;
/// - CK_INT8_ROWS × CK_INT8_VECTORS, the register tile, and CK_INT8_ROW_VECTORS for a single row: within a strip;
/// - CK_INT8_SELECTED, the outputs that a selection takes at a time, wherever they are.
#include "int8.h"

_Static_assert(CK_INT8_STRIP % (16 * CK_INT8_VECTORS) == 0, "tiles end with strips");
_Static_assert(CK_INT8_STRIP % (16 * CK_INT8_ROW_VECTORS) == 0, "tiles of one row end with strips");

/// Whether a tile can do in its registers what follows the sums: no function but a maximum, and `width` outputs that all exist.
CK_INLINE bool ends_simply(const ck_linear_int8_args *a, size_t column, size_t width) {
    return (a->activation == CK_IDENTITY || a->activation == CK_RELU) && column + width <= a->outputs;
}

/// That end for 16 outputs of one row; what is below `lowest` becomes it.
CK_INLINE void finish_simply(const ck_linear_int8_args *a, size_t row, size_t column, v16 value, v16 lowest) {
    value = choose(value < lowest, lowest, value);
    if (a->residual) value += load(a->residual + row * a->ldr + column);
    store(a->y + row * a->ldy + column, value);
}

/// Activation and residual of 16 outputs of one row, then the store.
CK_INLINE void finish_int8(const ck_linear_int8_args *a, size_t row, size_t column, const v16 *values) {
    const float *residual = a->residual ? a->residual + row * a->ldr + column : 0;
    put(*values, a->activation, residual, a->y + row * a->ldy + column, a->outputs - column);
}

/// Defines a band: all outputs of some rows.
#define CK_DEFINE_INT8_BAND_OF(name, rows, vectors, narrow)                                                              \
    static __attribute__((noinline)) void CK_SIZED(name, rows, vectors)(const ck_linear_int8_args *a, size_t row) {      \
        for (size_t column = 0; column < a->outputs; column += 16 * vectors) {                                           \
            CK_SIZED(int8_tile, rows, vectors)(a, row, column, narrow);                                                  \
        }                                                                                                                \
    }

/// Whether a product has kernels of its own for its weights.
#define CK_INT8_IS_NARROW(a) (CK_INT8_NARROW && (a)->most == CK_WEIGHTS_7_BITS)

/// Defines `int8_tile`, rows × 16·vectors outputs that stay in registers while the inputs run, and its bands. A tile of few sums
/// keeps `chains` = 2 of each, so that none waits for the one before it.
#define CK_DEFINE_INT8_BAND(rows, vectors, chains)                                                                       \
    CK_INLINE void CK_SIZED(int8_tile, rows, vectors)(                                                                   \
        const ck_linear_int8_args *a, size_t row, size_t column, bool narrow) {                                          \
        size_t groups = ck_int8_groups(a->inputs), stride = ck_int8_row_bytes(a->inputs);                                \
        const int8_t *w = a->panels + ck_int8_column(CK_INT8_STRIP, column, a->inputs);                                  \
        const uint8_t *x = a->x + row * stride;                                                                          \
        dot_sums sums[chains][rows][vectors];                                                                            \
        CK_UNROLL for (int c = 0; c < chains; c++) CK_UNROLL for (int i = 0; i < rows; i++)                              \
            CK_UNROLL for (int j = 0; j < vectors; j++)                                                                  \
                sums[c][i][j] = dot_start(c ? 0 : a->offsets + column + 16 * j, narrow);                                 \
        float *y = a->y + row * a->ldy + column;                                                                         \
        if (rows >= 4) { /* they scatter their results too widely for the hardware to foresee where the next ones go */  \
            CK_UNROLL for (int i = 0; i < rows; i++) CK_UNROLL for (int j = 0; j < vectors; j++)                         \
                __builtin_prefetch(y + (size_t)i * a->ldy + 16 * j, 1);                                                  \
        }                                                                                                                \
        for (size_t g = 0; g < groups; g += 2) {                                                                         \
            CK_UNROLL for (int c = 0; c < 2; c++, w += CK_INT8_STRIP * CK_INT8_GROUP, x += CK_INT8_GROUP) {              \
                dot_weights b[vectors];                                                                                  \
                CK_UNROLL for (int j = 0; j < vectors; j++) b[j] = dot_load(w + 16 * CK_INT8_GROUP * j, narrow);         \
                CK_UNROLL for (int i = 0; i < rows; i++) {                                                               \
                    dot_inputs factor = dot_broadcast(x + (size_t)i * stride, narrow);                                   \
                    CK_UNROLL for (int j = 0; j < vectors; j++)                                                          \
                        sums[c % chains][i][j] = dot(sums[c % chains][i][j], factor, b[j], narrow);                      \
                }                                                                                                        \
            }                                                                                                            \
        }                                                                                                                \
        bool simple = ends_simply(a, column, 16 * vectors);                                                              \
        v16 lowest = splat(a->activation == CK_RELU ? 0.0f : -INFINITY);                                                 \
        v16 done[rows][vectors]; /* in memory: the sums themselves are never indexed by a variable */                    \
        CK_UNROLL for (int j = 0; j < vectors; j++) {                                                                    \
            v16 scale = load(a->scales + column + 16 * j);                                                               \
            v16 bias = a->bias ? load(a->bias + column + 16 * j) : splat(0.0f);                                          \
            CK_UNROLL for (int i = 0; i < rows; i++) {                                                                   \
                dot_sums sum = chains > 1 ? dot_join(sums[0][i][j], sums[chains - 1][i][j]) : sums[0][i][j];             \
                v16 value = __builtin_convertvector(dot_result(sum), v16);                                               \
                value = fma16(value, splat(a->x_scales[row + i]) * scale, bias);                                         \
                if (simple) finish_simply(a, row + (size_t)i, column + 16 * (size_t)j, value, lowest);                   \
                else done[i][j] = value;                                                                                 \
            }                                                                                                            \
        }                                                                                                                \
        if (simple) return;                                                                                              \
        for (int i = 0; i < rows; i++) {                                                                                 \
            for (int j = 0; j < vectors && column + 16 * (size_t)j < a->outputs; j++) {                                  \
                finish_int8(a, row + (size_t)i, column + 16 * (size_t)j, &done[i][j]);                                   \
            }                                                                                                            \
        }                                                                                                                \
    }                                                                                                                    \
    CK_DEFINE_INT8_BAND_OF(int8_band, rows, vectors, false)                                                              \
    CK_DEFINE_INT8_BAND_OF(int8_narrow_band, rows, vectors, true)

CK_DEFINE_INT8_BAND(1, CK_INT8_ROW_VECTORS, 2)
CK_DEFINE_INT8_BAND(2, CK_INT8_VECTORS, 1)
CK_DEFINE_INT8_BAND(3, CK_INT8_VECTORS, 1)
CK_DEFINE_INT8_BAND(4, CK_INT8_VECTORS, 1)
#if CK_INT8_ROWS == 6
CK_DEFINE_INT8_BAND(5, CK_INT8_VECTORS, 1)
CK_DEFINE_INT8_BAND(6, CK_INT8_VECTORS, 1)
#endif

#define CK_RUN_INT8_BAND(rows, vectors)                                              \
    case rows:                                                                       \
        if (CK_INT8_IS_NARROW(a)) CK_SIZED(int8_narrow_band, rows, vectors)(a, row); \
        else CK_SIZED(int8_band, rows, vectors)(a, row);                             \
        break

/// All outputs of all rows, in as few bands as there can be, of sizes as near to each other as can be: a band of one row waits for
/// its weights.
CK_INLINE void int8_bands(const ck_linear_int8_args *a) {
    for (size_t row = 0, count; row < a->rows; row += count) {
        size_t left = a->rows - row, bands = (left + CK_INT8_ROWS - 1) / CK_INT8_ROWS;
        count = (left + bands - 1) / bands;
        switch (count) {
#if CK_INT8_ROWS == 6
            CK_RUN_INT8_BAND(6, CK_INT8_VECTORS);
            CK_RUN_INT8_BAND(5, CK_INT8_VECTORS);
#endif
            CK_RUN_INT8_BAND(4, CK_INT8_VECTORS);
            CK_RUN_INT8_BAND(3, CK_INT8_VECTORS);
            CK_RUN_INT8_BAND(2, CK_INT8_VECTORS);
            CK_RUN_INT8_BAND(1, CK_INT8_ROW_VECTORS);
        }
    }
}

void CK_NAME(ck_linear_int8)(const ck_linear_int8_args *a) {
    if (a->rows <= CK_INT8_ROWS) return int8_bands(a);
    // Many rows: panel by panel, so that each is read from far away once and from near by every band.
    for (size_t column = 0; column < a->outputs; column += CK_PANEL) {
        ck_linear_int8_args panel = ck_linear_int8_part(a, column, ck_min(CK_PANEL, a->outputs - column));
        int8_bands(&panel);
    }
}

/// One output from each of CK_INT8_SELECTED vectors of 16; the first `count` exist. In the panels the weights of an output share
/// their cache lines with those of its 15 neighbours, so whole vectors cost no more memory than the outputs alone, and need no gather.
CK_INLINE void select_some(const ck_select_int8_args *a, const size_t *ids, size_t count, float *y, bool narrow) {
    size_t groups = ck_int8_groups(a->inputs), first[CK_INT8_SELECTED];
    const int8_t *w[CK_INT8_SELECTED];
    const uint8_t *x = a->x;
    dot_sums sums[2][CK_INT8_SELECTED];
    CK_UNROLL for (size_t j = 0; j < CK_INT8_SELECTED; j++) {
        first[j] = ids[ck_min(j, count - 1)] / 16 * 16;
        w[j] = a->panels + ck_int8_column(CK_INT8_STRIP, first[j], a->inputs);
        sums[0][j] = dot_start(a->offsets + first[j], narrow);
        sums[1][j] = dot_start(0, narrow);
    }
    for (size_t g = 0; g < groups; g += 2) {
        CK_UNROLL for (int c = 0; c < 2; c++, x += CK_INT8_GROUP) {
            dot_inputs factor = dot_broadcast(x, narrow);
            CK_UNROLL for (int j = 0; j < CK_INT8_SELECTED; j++) {
                sums[c][j] = dot(sums[c][j], factor, dot_load(w[j], narrow), narrow);
                w[j] += CK_INT8_STRIP * CK_INT8_GROUP;
            }
        }
    }
    float values[CK_INT8_SELECTED][16];
    CK_UNROLL for (int j = 0; j < CK_INT8_SELECTED; j++) {
        v16 sum = __builtin_convertvector(dot_result(dot_join(sums[0][j], sums[1][j])), v16);
        v16 bias = a->bias ? load(a->bias + first[j]) : splat(0.0f);
        store(values[j], fma16(sum, splat(a->x_scale) * load(a->scales + first[j]), bias));
    }
    for (size_t j = 0; j < count; j++) y[j] = values[j][ids[j] % 16];
}

void CK_NAME(ck_select_int8)(const ck_select_int8_args *a) {
    for (size_t i = 0; i < a->count; i += CK_INT8_SELECTED) {
        size_t count = ck_min(CK_INT8_SELECTED, a->count - i);
        if (CK_INT8_IS_NARROW(a)) select_some(a, a->ids + i, count, a->y + i, true);
        else select_some(a, a->ids + i, count, a->y + i, false);
    }
}
