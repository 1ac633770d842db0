/// The matrix product. Included after vector.h.

/// Bias, activation and residual of 16 outputs of one row, then the store.
CK_INLINE void finish(const ck_linear_args *a, size_t row, size_t column, const v16 *sums) {
    v16 sum = *sums;
    if (a->bias) sum += load(a->bias + column);
    const float *residual = a->residual ? a->residual + row * a->ldr + column : 0;
    put(sum, a->activation, residual, a->y + row * a->ldy + column, a->outputs - column);
}

/// Defines `tile`, rows × 16·vectors outputs that stay in registers while k runs, and `band`, all outputs of some rows.
/// The weights are one sequential stream, which the hardware fetches ahead better than a prefetch instruction does (measured on Zen 4).
#define CK_DEFINE_BAND(rows, vectors)                                                                                  \
    CK_INLINE void CK_SIZED(tile, rows, vectors)(const ck_linear_args *a, size_t row, size_t column) {                 \
        const float *w = a->panels + column / CK_PANEL * CK_PANEL * a->inputs + column % CK_PANEL;                     \
        const float *x = a->x + row * a->ldx;                                                                          \
        v16 sums[rows][vectors];                                                                                       \
        CK_UNROLL for (int i = 0; i < rows; i++) CK_UNROLL for (int j = 0; j < vectors; j++) sums[i][j] = splat(0.0f); \
        for (size_t k = 0; k < a->inputs; k++, w += CK_PANEL) {                                                        \
            v16 b[vectors];                                                                                            \
            CK_UNROLL for (int j = 0; j < vectors; j++) b[j] = load(w + 16 * j);                                       \
            CK_UNROLL for (int i = 0; i < rows; i++) {                                                                 \
                v16 factor = splat(x[i * a->ldx + k]);                                                                 \
                CK_UNROLL for (int j = 0; j < vectors; j++) sums[i][j] = fma16(factor, b[j], sums[i][j]);              \
            }                                                                                                          \
        }                                                                                                              \
        v16 done[rows][vectors]; /* in memory: the sums themselves are never indexed by a variable */                  \
        CK_UNROLL for (int i = 0; i < rows; i++) CK_UNROLL for (int j = 0; j < vectors; j++) done[i][j] = sums[i][j];  \
        for (int i = 0; i < rows; i++) {                                                                               \
            for (int j = 0; j < vectors && column + 16 * (size_t)j < a->outputs; j++) {                                \
                finish(a, row + (size_t)i, column + 16 * (size_t)j, &done[i][j]);                                      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static __attribute__((noinline)) void CK_SIZED(band, rows, vectors)(const ck_linear_args *a, size_t row) {         \
        for (size_t column = 0; column < a->outputs; column += 16 * vectors) {                                         \
            CK_SIZED(tile, rows, vectors)(a, row, column);                                                             \
        }                                                                                                              \
    }

CK_DEFINE_BAND(1, 4)
CK_DEFINE_BAND(2, CK_SKINNY_VECTORS)
CK_DEFINE_BAND(3, CK_TILE_VECTORS)
CK_DEFINE_BAND(4, CK_TILE_VECTORS)
CK_DEFINE_BAND(5, CK_TILE_VECTORS)
CK_DEFINE_BAND(6, CK_TILE_VECTORS)

/// All outputs of all rows, six rows at a time while there are six.
CK_INLINE void bands(const ck_linear_args *a) {
    size_t row = 0;
    for (; row + 6 <= a->rows; row += 6) CK_SIZED(band, 6, CK_TILE_VECTORS)(a, row);
    switch (a->rows - row) {
    case 5: return CK_SIZED(band, 5, CK_TILE_VECTORS)(a, row);
    case 4: return CK_SIZED(band, 4, CK_TILE_VECTORS)(a, row);
    case 3: return CK_SIZED(band, 3, CK_TILE_VECTORS)(a, row);
    case 2: return CK_SIZED(band, 2, CK_SKINNY_VECTORS)(a, row);
    case 1: return CK_SIZED(band, 1, 4)(a, row);
    }
}

void CK_NAME(ck_linear)(const ck_linear_args *a) {
    if (a->rows <= 6) return bands(a);
    // Many rows: panel by panel, so that each is read from far away once and from near by every band.
    for (size_t column = 0; column < a->outputs; column += CK_PANEL) {
        ck_linear_args panel = ck_linear_part(a, column, ck_min(CK_PANEL, a->outputs - column));
        bands(&panel);
    }
}
