public import Decoding

/// Why a translation was not made.
public enum TranslationError: Error, Sendable, Equatable {
    /// The request itself is at fault.
    case invalid(InvalidRequest)
    /// As many requests are waiting as the queue holds, or more work than can be done before the request's
    /// deadline; it may come again after so many seconds.
    case overloaded(retryAfter: Double)
    /// The network of the model is being read, and the service lets nobody wait for that; it may come again after so
    /// many seconds.
    case loading(retryAfter: Double)
    /// The network of the model cannot be read, or there is no room for it.
    case unavailable
    /// The service is stopping and takes nothing new.
    case shuttingDown
    /// The deadline passed, waiting or decoding.
    case deadlineExceeded
    /// Nobody waits for it any more.
    case cancelled
    /// The network failed on this input.
    case decoding(DecodingError)
}
