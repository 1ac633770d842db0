import System

/// A document that is made when somebody first asks for it, and kept.
public final class LazyDocument: Sendable {
    private let made = Lock<Document?>(nil)
    private let make: @Sendable () -> Document

    /// A document that `make` makes, which may take its time, and is called by each that asks
    /// before it is there.
    public init(_ make: @escaping @Sendable () -> Document) {
        self.make = make
    }

    /// The document where it has been made, without waiting for whoever makes it.
    var ready: Document? { made.withLock { $0 } }

    /// The document; made now where it has not been.
    var document: Document {
        if let ready { return ready }
        let fresh = make()
        return made.withLock { document in
            if document == nil { document = fresh }
            return document ?? fresh
        }
    }
}
