/// Bounds by the upper halves of int8 weights. Included after vector_int8.h by a file that also defines, for its instruction set,
/// - `screen_step(even, odd, q, bytes, stride)`, which adds the products of CK_SCREEN_STEP inputs exactly to `dot_sums`, those of even and of
///   odd groups; their bytes are `stride` apart;
/// - CK_SCREEN_VECTORS, a divisor of CK_INT8_STRIP in vectors of 16, and CK_SCREEN_ROWS, the most rows that a tile has.

/// The bound of 16 outputs of one row.
CK_INLINE v16 screen_bound(const ck_screen_args *a, const ck_screen_row *row, float x_scale, size_t column, i16 sum) {
    v16 twice = __builtin_convertvector(sum * 32 - 241 * row->sum, v16);
    v16 error = load(a->errors + column) * splat(row->norm);
    v16 scale = splat(ck_screen_half(a->most) * x_scale) * load(a->scales + column);
    v16 bias = a->bias ? load(a->bias + column) : splat(0.0f);
    v16 weight = __builtin_elementwise_abs(bias);
    weight = choose(weight > splat(FLT_MAX), splat(FLT_MAX), weight);
    v16 size = fma16(__builtin_elementwise_abs(twice) + error, scale, weight);
    return fma16(size, splat(CK_SCREEN_ROOM), fma16(twice + error, scale, bias));
}

/// All outputs of some rows. Few sums are kept in two `chains`, so that none waits for the one before it.
#define CK_DEFINE_SCREEN(rows, chains)                                                                                    \
    static __attribute__((noinline)) void CK_SIZED(screen, rows, CK_SCREEN_VECTORS)(                                      \
        const ck_screen_args *a, size_t first, const int8_t *q, const ck_screen_row *known) {                            \
        for (size_t column = 0; column < a->outputs; column += 16 * CK_SCREEN_VECTORS) {                                  \
            const uint8_t *w = a->plane + column / CK_INT8_STRIP * ck_screen_bytes(CK_INT8_STRIP, a->inputs) +            \
                               column % CK_INT8_STRIP * CK_INT8_GROUP;                                                    \
            dot_sums sums[chains][rows][CK_SCREEN_VECTORS];                                                               \
            CK_UNROLL for (int c = 0; c < chains; c++) CK_UNROLL for (int i = 0; i < rows; i++)                           \
                CK_UNROLL for (int j = 0; j < CK_SCREEN_VECTORS; j++) sums[c][i][j] = dot_start(0, false);                \
            for (size_t k = 0; k < a->inputs; k += CK_SCREEN_STEP) {                                                      \
                CK_UNROLL for (int i = 0; i < rows; i++) CK_UNROLL for (int j = 0; j < CK_SCREEN_VECTORS; j++)            \
                    screen_step(&sums[0][i][j], &sums[chains - 1][i][j], q + i * CK_SCREEN_MAX_INPUTS + k,                \
                                w + 16 * CK_INT8_GROUP * j, CK_INT8_STRIP * CK_INT8_GROUP);                               \
                w += CK_SCREEN_STEP / 2 * CK_INT8_STRIP;                                                                  \
            }                                                                                                             \
            CK_UNROLL for (int i = 0; i < rows; i++) CK_UNROLL for (int j = 0; j < CK_SCREEN_VECTORS; j++) {              \
                size_t at = column + 16 * (size_t)j;                                                                      \
                if (at >= a->outputs) break;                                                                              \
                dot_sums sum = chains > 1 ? dot_join(sums[0][i][j], sums[chains - 1][i][j]) : sums[0][i][j];              \
                v16 bound = screen_bound(a, known + i, a->x_scales[first + i], at, dot_result(sum));                      \
                float *upper = a->upper + (first + i) * a->ldu + at;                                                      \
                if (at + 16 <= a->outputs) store(upper, bound);                                                           \
                else store_part(upper, bound, a->outputs - at);                                                           \
            }                                                                                                             \
        }                                                                                                                 \
    }

CK_DEFINE_SCREEN(1, 2)
CK_DEFINE_SCREEN(2, 2)
#if CK_SCREEN_ROWS == 4
CK_DEFINE_SCREEN(3, 1)
CK_DEFINE_SCREEN(4, 1)
#endif

void CK_NAME(ck_screen)(const ck_screen_args *a) {
    int8_t q[CK_SCREEN_ROWS * CK_SCREEN_MAX_INPUTS];
    size_t stride = ck_int8_row_bytes(a->inputs);
    ck_screen_row known[CK_SCREEN_ROWS];
    for (size_t row = 0, count; row < a->rows; row += count) {
        count = ck_min(CK_SCREEN_ROWS, a->rows - row);
        for (size_t i = 0; i < count; i++) {
            known[i] = ck_screen_take(a->x + (row + i) * stride, a->inputs, q + i * CK_SCREEN_MAX_INPUTS);
        }
        switch (count) {
#if CK_SCREEN_ROWS == 4
        case 4: CK_SIZED(screen, 4, CK_SCREEN_VECTORS)(a, row, q, known); break;
        case 3: CK_SIZED(screen, 3, CK_SCREEN_VECTORS)(a, row, q, known); break;
#endif
        case 2: CK_SIZED(screen, 2, CK_SCREEN_VECTORS)(a, row, q, known); break;
        case 1: CK_SIZED(screen, 1, CK_SCREEN_VECTORS)(a, row, q, known); break;
        }
    }
}
