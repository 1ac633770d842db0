/// An output that somebody expects, and how far the search has followed it.
struct ExpectedOutput {
    private let ids: [Int]
    /// The place of the next expected token.
    private var place = 0
    /// Whether the latest token was the expected one.
    private var isFollowed = true
    /// How many expected tokens were right, of how many, where the one before was and where it was another: taken at their word at first.
    private var followed = (right: 9.5, all: 10.0)
    private var left = (right: 3.0, all: 5.0)

    /// Places before and behind the expected one where a token is looked for that was another than expected.
    private static let reach = (before: 2, behind: 8)

    /// Nothing of it was produced yet.
    init(_ ids: [Int]) { self.ids = ids }

    /// What is expected to follow.
    var next: ArraySlice<Int> { ids[place...] }

    /// How often what is expected now was right.
    var acceptance: Double {
        isFollowed ? followed.right / followed.all : left.right / left.all
    }

    /// Learns what became of expected tokens: of those behind the first wrong one nothing is known.
    mutating func learn(right: Int, of count: Int) {
        let all = Double(min(right + 1, count))
        if isFollowed {
            followed = (followed.right + Double(right), followed.all + all)
        } else {
            left = (left.right + Double(right), left.all + all)
        }
    }

    /// Takes the token that was produced.
    ///
    /// One that is not expected stands for the one that is, unless it is the one behind that. Where the next is not expected either, something was left out
    /// or put in: the nearest place of such a token is taken.
    mutating func follow(_ token: Int) {
        let wasFollowed = isFollowed
        isFollowed = place < ids.count && ids[place] == token
        let found = isFollowed ? place : wasFollowed ? behind(token) : nearest(token)
        place = min((found ?? place) + 1, ids.count)
    }

    private func behind(_ token: Int) -> Int? {
        place + 1 < ids.count && ids[place + 1] == token ? place + 1 : nil
    }

    private func nearest(_ token: Int) -> Int? {
        let window = max(0, place - Self.reach.before)..<min(ids.count, place + Self.reach.behind)
        return window.filter { ids[$0] == token }.min { abs($0 - place) < abs($1 - place) }
    }
}
