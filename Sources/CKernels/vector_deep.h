/// The matrix product with so many inputs that a panel of weights is far larger than the nearest cache. Included after vector.h, before
/// vector_linear.h.

/// Bias, activation and residual of 16 outputs of one row, then the store.
CK_INLINE void finish(const ck_linear_args *a, size_t row, size_t column, const v16 *sums) {
    v16 sum = *sums;
    if (a->bias) sum += load(a->bias + column);
    const float *residual = a->residual ? a->residual + row * a->ldr + column : 0;
    put(sum, a->activation, residual, a->y + row * a->ldy + column, a->outputs - column);
}

/// Inputs that are gone through for all rows before the next ones: 16 or 32 KiB of weights. y holds the sums meanwhile, which changes no
/// bit of them.
enum { DEEP_INPUTS = CK_TILE_VECTORS > 1 ? 128 : 256, DEEP_WIDTH = 16 * CK_TILE_VECTORS, DEEP_ROWS = 24 };

/// Whether the sums pay for going to memory and back. A residual may be y itself, which then cannot hold them.
CK_INLINE bool is_deep(const ck_linear_args *a) {
    return a->inputs > 4 * DEEP_INPUTS && a->rows >= DEEP_ROWS && !a->residual;
}

/// 16 outputs of one row, where earlier inputs have been gone through: what they gave.
CK_INLINE v16 earlier(const ck_linear_args *a, size_t row, size_t column) {
    const float *y = a->y + row * a->ldy + column;
    return a->outputs - column >= 16 ? load(y) : load_part(y, a->outputs - column, 0.0f);
}

/// Six rows, or those that are left, times DEEP_WIDTH outputs from `column` on: the inputs k ... k + count - 1, weights
/// [count][DEEP_WIDTH] at w.
static __attribute__((noinline)) void deep_tile(
    const ck_linear_args *a, size_t row, size_t column, const float *w, size_t k, size_t count) {
    size_t rows = ck_min(6, a->rows - row), vectors = ck_min(CK_TILE_VECTORS, (a->outputs - column + 15) / 16);
    const float *x[6];
    v16 sums[6][CK_TILE_VECTORS], done[6][CK_TILE_VECTORS];
    CK_UNROLL for (size_t i = 0; i < 6; i++) {
        x[i] = a->x + (row + ck_min(i, rows - 1)) * a->ldx + k;
        CK_UNROLL for (size_t j = 0; j < CK_TILE_VECTORS; j++) {
            sums[i][j] = k > 0 && i < rows && j < vectors ? earlier(a, row + i, column + 16 * j) : splat(0.0f);
        }
    }
    for (size_t t = 0; t < count; t++, w += DEEP_WIDTH) {
        v16 b[CK_TILE_VECTORS];
        CK_UNROLL for (int j = 0; j < CK_TILE_VECTORS; j++) b[j] = load(w + 16 * j);
        CK_UNROLL for (int i = 0; i < 6; i++) {
            v16 factor = splat(x[i][t]);
            CK_UNROLL for (int j = 0; j < CK_TILE_VECTORS; j++) sums[i][j] = fma16(factor, b[j], sums[i][j]);
        }
    }
    CK_UNROLL for (int i = 0; i < 6; i++) CK_UNROLL for (int j = 0; j < CK_TILE_VECTORS; j++) done[i][j] = sums[i][j];
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < vectors; j++) finish(a, row + i, column + 16 * j, &done[i][j]);
    }
}

/// Where the weights of some outputs from `column` on begin, inputs from k on.
CK_INLINE const float *deep_weights(const ck_linear_args *a, size_t column, size_t k) {
    return a->panels + column / CK_PANEL * CK_PANEL * a->inputs + k * CK_PANEL + column % CK_PANEL;
}

/// All rows times DEEP_WIDTH outputs, some inputs. The weights of a tile narrower than the panel are laid side by side first: at the
/// panel's own distance they would share few sets of the nearest cache. Those of the next tile are fetched meanwhile.
CK_INLINE void deep_column(const ck_linear_args *a, size_t column, size_t k, size_t count) {
    float beside[DEEP_INPUTS][DEEP_WIDTH] __attribute__((aligned(64)));
    const float *w = deep_weights(a, column, k);
    bool is_last = column + DEEP_WIDTH >= a->outputs;
    const float *next = is_last ? deep_weights(a, 0, ck_min(k + count, a->inputs - 1)) : deep_weights(a, column + DEEP_WIDTH, k);
    size_t ahead = is_last ? ck_min(DEEP_INPUTS, a->inputs - k - count) : count;
    size_t share = ahead / (a->rows / 6) + 1, fetched = 0;
    if (DEEP_WIDTH < CK_PANEL) {
        for (size_t t = 0; t < count; t++) memcpy(beside[t], w + t * CK_PANEL, sizeof beside[t]);
        w = beside[0];
    }
    for (size_t row = 0; row < a->rows; row += 6) {
        for (size_t end = ck_min(fetched + share, ahead); fetched < end; fetched++) {
            CK_UNROLL for (int j = 0; j < CK_TILE_VECTORS; j++) __builtin_prefetch(next + fetched * CK_PANEL + 16 * j, 0, 2);
        }
        deep_tile(a, row, column, w, k, count);
    }
}

/// Some inputs after the other, so that those of all rows stay near while all outputs go through them.
CK_INLINE void deep_linear(const ck_linear_args *a) {
    for (size_t k = 0; k < a->inputs; k += DEEP_INPUTS) {
        size_t count = ck_min(DEEP_INPUTS, a->inputs - k);
        ck_linear_args part = *a;
        if (k + count < a->inputs) {
            part.bias = 0;
            part.activation = CK_IDENTITY;
        }
        for (size_t column = 0; column < a->outputs; column += DEEP_WIDTH) deep_column(&part, column, k, count);
    }
}
