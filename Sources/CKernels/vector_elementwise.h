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
