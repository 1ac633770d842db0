import Glibc

/// length^α, the divisor of a score (method.md §3).
func lengthFactor(_ length: Int, _ alpha: Double) -> Double {
    alpha == 1 ? Double(length) : pow(Double(length), alpha)
}

/// σ(x) = 1 / (1 + e^−x).
func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
