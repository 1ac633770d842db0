/// Layer normalisation, and what is read off a row of logits. Included after vector.h.

CK_INLINE void norm_row(const ck_norm_args *a, const float *x, float *y) {
    size_t whole = a->width / 16 * 16, rest = a->width - whole;
    v16 sum = splat(0.0f);
    for (size_t i = 0; i < whole; i += 16) sum += load(x + i);
    if (rest) sum += load_part(x + whole, rest, 0.0f);
    float mean = fold_sum(sum) / (float)a->width;
    v16 squares = splat(0.0f);
    for (size_t i = 0; i < whole; i += 16) {
        v16 difference = load(x + i) - splat(mean);
        squares = fma16(difference, difference, squares);
    }
    if (rest) {
        v16 difference = load_part(x + whole, rest, mean) - splat(mean);
        squares = fma16(difference, difference, squares);
    }
    v16 scale = splat(1.0f / sqrtf(fold_sum(squares) / (float)a->width + a->epsilon));
    for (size_t i = 0; i < whole; i += 16) {
        store(y + i, fma16((load(x + i) - splat(mean)) * scale, load(a->gamma + i), load(a->beta + i)));
    }
    if (rest) {
        v16 centred = load_part(x + whole, rest, mean) - splat(mean);
        v16 out = fma16(centred * scale, load_part(a->gamma + whole, rest, 0.0f), load_part(a->beta + whole, rest, 0.0f));
        store_part(y + whole, out, rest);
    }
}

void CK_NAME(ck_layer_norm)(const ck_norm_args *a) {
    for (size_t m = 0; m < a->rows; m++) norm_row(a, a->x + m * a->ldx, a->y + m * a->ldy);
}

/// Whether any lane of a comparison holds.
CK_INLINE bool any(i16 mask) { return __builtin_reduce_or(mask) != 0; }

ck_top CK_NAME(ck_row_top)(const float *logits, size_t count) {
    size_t whole = count / 16 * 16, rest = count - whole;
    v16 highest = splat(-INFINITY);
    for (size_t i = 0; i < whole; i += 16) {
        v16 x = load(logits + i);
        highest = choose(x > highest, x, highest);
    }
    if (rest) {
        v16 x = load_part(logits + whole, rest, -INFINITY);
        highest = choose(x > highest, x, highest);
    }
    ck_top top = {fold_max(highest), -INFINITY, 0};
    if (top.value == -INFINITY) return top;
    v16 best = splat(top.value);
    size_t i = 0;
    while (i < whole && !any(load(logits + i) == best)) i += 16;
    while (logits[i] != top.value) i++;
    top.id = (int32_t)i;
    top.value = logits[i];  // of equals -0 and +0 the first, whatever the lanes kept
    v16 sum = splat(0.0f);
    for (i = 0; i < whole; i += 16) sum += exp16(load(logits + i) - best);
    if (rest) {
        v16 e = exp16(load_part(logits + whole, rest, -INFINITY) - best);
        sum += e;
    }
    top.log_sum_exp = top.value + logf(fold_sum(sum));
    return top;
}

size_t CK_NAME(ck_top_k)(const float *logits, size_t count, float floor, size_t k, float *values, int32_t *ids) {
    size_t held = 0, i = 0;
    while (i < count) {
        // Sixteen that are all below the floor, or worse than the k held, are passed over at once.
        if (i + 16 <= count) {
            v16 next = load(logits + i);
            i16 better = held < k ? next >= splat(floor) : next > splat(values[k - 1]);
            if (!any(better)) {
                i += 16;
                continue;
            }
        }
        size_t end = ck_min(i + 16, count);
        for (; i < end; i++) {
            bool better = held < k ? logits[i] >= floor : logits[i] > values[k - 1];
            if (better) held = ck_insert(logits[i], (int32_t)i, held, k, values, ids);
        }
    }
    return held;
}
