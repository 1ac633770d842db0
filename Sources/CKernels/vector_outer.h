/// Gradients of weights. Included after vector.h.

enum { OUTER_WIDTH = 16 * CK_TILE_VECTORS, OUTER_HEIGHT = 6 };

/// OUTER_HEIGHT × OUTER_WIDTH elements of dw, `stride` floats between its rows, that stay in registers while m runs.
static __attribute__((noinline)) void outer_tile(const float *factors, const float *columns, size_t rows, float *dw, size_t stride) {
    v16 sums[OUTER_HEIGHT][CK_TILE_VECTORS];
    CK_UNROLL for (int i = 0; i < OUTER_HEIGHT; i++) CK_UNROLL for (int j = 0; j < CK_TILE_VECTORS; j++)
        sums[i][j] = load(dw + (size_t)i * stride + 16 * j);
    for (size_t m = 0; m < rows; m++, factors += OUTER_HEIGHT, columns += OUTER_WIDTH) {
        v16 b[CK_TILE_VECTORS];
        CK_UNROLL for (int j = 0; j < CK_TILE_VECTORS; j++) b[j] = load(columns + 16 * j);
        CK_UNROLL for (int i = 0; i < OUTER_HEIGHT; i++) {
            v16 factor = splat(factors[i]);
            CK_UNROLL for (int j = 0; j < CK_TILE_VECTORS; j++) sums[i][j] = fma16(factor, b[j], sums[i][j]);
        }
    }
    CK_UNROLL for (int i = 0; i < OUTER_HEIGHT; i++) CK_UNROLL for (int j = 0; j < CK_TILE_VECTORS; j++)
        store(dw + (size_t)i * stride + 16 * j, sums[i][j]);
}

/// The same where dw ends within the tile: `height` and `width` elements of it exist.
static void outer_edge(const float *factors, const float *columns, size_t rows, float *dw, size_t stride, size_t height, size_t width) {
    float tile[OUTER_HEIGHT][OUTER_WIDTH] = {{0.0f}};
    for (size_t i = 0; i < height; i++) memcpy(tile[i], dw + i * stride, width * sizeof *dw);
    outer_tile(factors, columns, rows, tile[0], OUTER_WIDTH);
    for (size_t i = 0; i < height; i++) memcpy(dw + i * stride, tile[i], width * sizeof *dw);
}

/// x as [tile][m][OUTER_WIDTH], zero behind the last column: a tile's columns, which all outputs go through, then lie side by side.
CK_INLINE void pack_columns(const ck_outer_args *a) {
    float *packed = a->scratch;
    for (size_t k = 0; k < a->inputs; k += OUTER_WIDTH) {
        size_t width = ck_min(OUTER_WIDTH, a->inputs - k);
        for (size_t m = 0; m < a->rows; m++, packed += OUTER_WIDTH) {
            const float *x = a->x + m * a->ldx + k;
            if (width == OUTER_WIDTH) {
                memcpy(packed, x, OUTER_WIDTH * sizeof *x);
            } else {
                memset(packed, 0, OUTER_WIDTH * sizeof *x);
                memcpy(packed, x, width * sizeof *x);
            }
        }
    }
}

/// `count` outputs of dy from n on as [strip][m][OUTER_HEIGHT]; what is behind the last output is not defined.
CK_INLINE void pack_factors(const ck_outer_args *a, size_t n, size_t count, float *packed) {
    for (size_t m = 0; m < a->rows; m++) {
        const float *dy = a->dy + m * a->ldy + n;
        float *strip = packed + m * OUTER_HEIGHT;
        size_t i = 0;
        for (; i + OUTER_HEIGHT <= count; i += OUTER_HEIGHT, strip += a->rows * OUTER_HEIGHT)
            memcpy(strip, dy + i, OUTER_HEIGHT * sizeof *dy);
        for (size_t j = 0; i + j < count; j++) strip[j] = dy[i + j];
    }
}

/// The gradients of `count` outputs from n on.
CK_INLINE void outer_panel(const ck_outer_args *a, size_t n, size_t count, const float *factors) {
    const float *columns = a->scratch;
    for (size_t k = 0; k < a->inputs; k += OUTER_WIDTH, columns += a->rows * OUTER_WIDTH) {
        size_t width = ck_min(OUTER_WIDTH, a->inputs - k);
        const float *strip = factors;
        for (size_t i = 0; i < count; i += OUTER_HEIGHT, strip += a->rows * OUTER_HEIGHT) {
            float *dw = a->dw + (n + i) * a->inputs + k;
            size_t height = ck_min(OUTER_HEIGHT, count - i);
            if (height == OUTER_HEIGHT && width == OUTER_WIDTH) {
                // What the next tile adds to comes from far away meanwhile.
                CK_UNROLL for (size_t r = OUTER_HEIGHT; r < 2 * OUTER_HEIGHT; r++) CK_UNROLL for (int j = 0; j < CK_TILE_VECTORS; j++)
                    __builtin_prefetch(dw + r * a->inputs + 16 * j, 1);
                outer_tile(strip, columns, a->rows, dw, a->inputs);
            } else {
                outer_edge(strip, columns, a->rows, dw, a->inputs, height, width);
            }
        }
    }
}

CK_INLINE void column_sums(const ck_outer_args *a) {
    for (size_t n = 0; n < a->outputs; n += 16) {
        size_t count = ck_min(16, a->outputs - n);
        v16 sum = load_part(a->db + n, count, 0.0f);
        for (size_t m = 0; m < a->rows; m++) {
            const float *dy = a->dy + m * a->ldy + n;
            sum += count == 16 ? load(dy) : load_part(dy, count, 0.0f);
        }
        store_part(a->db + n, sum, count);
    }
}

void CK_NAME(ck_outer)(const ck_outer_args *a) {
    size_t blocks = (a->rows + CK_OUTER_ROWS - 1) / CK_OUTER_ROWS;
    for (size_t i = 0, m = 0; i < blocks; i++) {
        ck_outer_args block = *a;
        block.dy += m * a->ldy;
        block.x += m * a->ldx;
        block.rows = (a->rows - m) / (blocks - i);
        m += block.rows;
        pack_columns(&block);
        float *factors = a->scratch + ck_outer_scratch_count(a->inputs) - CK_OUTER_ROWS * CK_OUTER_OUTPUTS;
        for (size_t n = 0; n < a->outputs; n += CK_OUTER_OUTPUTS) {
            size_t count = ck_min(CK_OUTER_OUTPUTS, a->outputs - n);
            pack_factors(&block, n, count, factors);
            outer_panel(&block, n, count, factors);
        }
        if (a->db) column_sums(&block);
    }
}
