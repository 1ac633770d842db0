/// The matrix product. Included after vector.h and vector_deep.h.

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

/// All outputs of the rows from `row` on, of six at most.
CK_INLINE void next_band(const ck_linear_args *a, size_t row) {
    switch (ck_min(6, a->rows - row)) {
    case 6: return CK_SIZED(band, 6, CK_TILE_VECTORS)(a, row);
    case 5: return CK_SIZED(band, 5, CK_TILE_VECTORS)(a, row);
    case 4: return CK_SIZED(band, 4, CK_TILE_VECTORS)(a, row);
    case 3: return CK_SIZED(band, 3, CK_TILE_VECTORS)(a, row);
    case 2: return CK_SIZED(band, 2, CK_SKINNY_VECTORS)(a, row);
    case 1: return CK_SIZED(band, 1, 4)(a, row);
    }
}

/// Rows from which on the work on a panel takes longer than fetching the next one.
enum { LINEAR_AHEAD = 96 };

/// All rows of a panel. Where there are many, the `count` floats behind it are fetched meanwhile.
CK_INLINE void panel_rows(const ck_linear_args *a, size_t count) {
    const float *next = a->panels + a->inputs * CK_PANEL;
    size_t share = a->rows < LINEAR_AHEAD ? 0 : count / (a->rows / 6) + 1, fetched = 0;
    for (size_t row = 0; row < a->rows; row += 6) {
        for (size_t end = ck_min(fetched + share, count); fetched < end; fetched += 16) {
            __builtin_prefetch(next + fetched, 0, 2);
        }
        next_band(a, row);
    }
}

void CK_NAME(ck_linear)(const ck_linear_args *a) {
    if (a->rows <= 6) return next_band(a, 0);
    if (is_deep(a)) return deep_linear(a);
    // Many rows: panel by panel, so that each is read from far away once and from near by every band.
    for (size_t column = 0; column < a->outputs; column += CK_PANEL) {
        ck_linear_args panel = ck_linear_part(a, column, ck_min(CK_PANEL, a->outputs - column));
        panel_rows(&panel, column + CK_PANEL < a->outputs ? a->inputs * CK_PANEL : 0);
    }
}

enum { CK_SELECT_VECTORS = 4 };

/// One output from each of CK_SELECT_VECTORS vectors of 16; the first `count` exist. In the panels the weights of an output share
/// their cache lines with those of its 15 neighbours, so whole vectors cost no more memory than the outputs alone, and need no gather.
CK_INLINE void select_few(const ck_select_args *a, const size_t *ids, size_t count, float *y) {
    const float *w[CK_SELECT_VECTORS];
    v16 sums[CK_SELECT_VECTORS];
    CK_UNROLL for (size_t j = 0; j < CK_SELECT_VECTORS; j++) {
        w[j] = a->panels + ck_column(ids[ck_min(j, count - 1)] / 16 * 16, a->inputs);
        sums[j] = splat(0.0f);
    }
    for (size_t k = 0; k < a->inputs; k++) {
        v16 factor = splat(a->x[k]);
        CK_UNROLL for (int j = 0; j < CK_SELECT_VECTORS; j++) sums[j] = fma16(factor, load(w[j] + k * CK_PANEL), sums[j]);
    }
    float values[CK_SELECT_VECTORS][16];
    CK_UNROLL for (int j = 0; j < CK_SELECT_VECTORS; j++) store(values[j], sums[j]);
    for (size_t j = 0; j < count; j++) {
        float sum = values[j][ids[j] % 16];
        y[j] = a->bias ? sum + a->bias[ids[j]] : sum;
    }
}

void CK_NAME(ck_select)(const ck_select_args *a) {
    for (size_t i = 0; i < a->count; i += CK_SELECT_VECTORS) {
        select_few(a, a->ids + i, ck_min(CK_SELECT_VECTORS, a->count - i), a->y + i);
    }
}
