/// Elementwise functions over arrays. Included after vector.h.

void CK_NAME(ck_activate)(ck_activation activation, float *values, size_t count) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) store(values + i, activate16(activation, load(values + i)));
    if (i < count) store_part(values + i, activate16(activation, load_part(values + i, count - i, 0.0f)), count - i);
}

void CK_NAME(ck_exp)(float *values, size_t count) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) store(values + i, exp16(load(values + i)));
    if (i < count) store_part(values + i, exp16(load_part(values + i, count - i, 0.0f)), count - i);
}

/// 16 elements, the first `count` of which exist.
CK_INLINE void recur16(const ck_recurrence_args *a, size_t i, size_t count) {
    v16 candidate = load_part(a->candidate + i, count, 0.0f), gate = load_part(a->gate + i, count, 0.0f);
    v16 previous = a->previous ? load_part(a->previous + i, count, 0.0f) : splat(0.0f);
    v16 keep = splat(1.0f) / (splat(1.0f) + exp16(-gate));
    v16 cell = fma16(keep, previous - candidate, candidate);
    store_part(a->cell + i, cell, count);
    if (a->output) put(cell, CK_RELU, a->residual + i, a->output + i, count);
}

void CK_NAME(ck_recurrence)(const ck_recurrence_args *a) {
    size_t i = 0;
    for (; i + 16 <= a->width; i += 16) recur16(a, i, 16);
    if (i < a->width) recur16(a, i, a->width - i);
}
