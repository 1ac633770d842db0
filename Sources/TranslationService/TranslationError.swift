public import Decoding

/// Why a translation was not made.
public enum TranslationError: Error, Sendable, Equatable {
    /// The request itself is at fault.
    case invalid(InvalidRequest)
    /// As many requests are waiting as the queue holds, or more work than can be done before the request's
    /// deadline; it may come again after so many seconds.
    case overloaded(retryAfter: Double)
    /// The service is stopping and takes nothing new.
    case shuttingDown
    /// The deadline passed, waiting or decoding.
    case deadlineExceeded
    /// Nobody waits for it any more.
    case cancelled
    /// The network failed on this input.
    case decoding(DecodingError)
}
