import LanguageIdentification
import LanguageTags
import Testing

@Suite(.timeLimit(.minutes(10))) struct LanguageIdentifierTests {
    /// The same sentence in languages that have a script in common, and in some with one of their own.
    static let sentences = [
        ("de", "Ich habe gestern mit meinem Bruder über das Wetter gesprochen."),
        ("en", "Yesterday I talked with my brother about the weather."),
        ("fr", "Hier, j'ai parlé du temps qu'il fait avec mon frère."),
        ("es", "Ayer hablé con mi hermano sobre el tiempo que hace."),
        ("it", "Ieri ho parlato con mio fratello del tempo che fa."),
        ("pt", "Ontem eu falei com o meu irmão sobre o tempo."),
        ("nl", "Gisteren heb ik met mijn broer over het weer gesproken."),
        ("sv", "Igår pratade jag med min bror om vädret."),
        ("pl", "Wczoraj rozmawiałem z moim bratem o pogodzie."),
        ("cs", "Včera jsem mluvil se svým bratrem o počasí."),
        ("hu", "Tegnap az öcsémmel az időjárásról beszélgettünk."),
        ("fi", "Eilen puhuin veljeni kanssa säästä."),
        ("tr", "Dün kardeşimle hava durumu hakkında konuştum."),
        ("vi", "Hôm qua tôi đã nói chuyện với anh trai tôi về thời tiết."),
        ("ru", "Вчера я разговаривал с моим братом о погоде."),
        ("uk", "Вчора я розмовляв зі своїм братом про погоду."),
        ("bg", "Вчера говорих с брат ми за времето."), ("ar", "تحدثت أمس مع أخي عن الطقس."),
        ("fa", "دیروز با برادرم درباره آب و هوا صحبت کردم."),
        ("he", "אתמול דיברתי עם אחי על מזג האוויר."),
        ("yi", "נעכטן האָב איך גערעדט מיט מיין ברודער וועגן דעם וועטער."),
        ("el", "Χθες μίλησα με τον αδελφό μου για τον καιρό."),
        ("hi", "कल मैंने अपने भाई से मौसम के बारे में बात की।"),
        ("ja", "昨日、弟と天気について話しました。"), ("zh", "昨天我和我哥哥谈论了天气。"), ("ko", "어제 형과 날씨에 대해 이야기했어요."),
        ("th", "เมื่อวานฉันคุยกับพี่ชายเรื่องอากาศ"), ("ka", "გუშინ ძმას ამინდზე ველაპარაკე."),
    ]

    @Test("A sentence's language is found", arguments: sentences)
    func sentence(code: String, text: String) throws {
        #expect(LanguageIdentifier.identify(text).best?.language.description == code)
    }

    @Test("Most sentences leave no doubt, but for those of languages like others")
    func sureness() {
        let sure = Self.sentences.filter { LanguageIdentifier.identify($0.1).sure != nil }.map(\.0)
        #expect(sure.count >= 23, "\(sure)")
        for code in ["de", "en", "fr", "es", "it", "pl", "el", "ja", "ko", "he", "vi"] {
            #expect(sure.contains(code))
        }
    }

    @Test("Addresses, names of files, numbers and code say nothing of a language")
    func technical() {
        let text = "Das steht auf der Seite und in der Datei, die du kennst."
        let found = LanguageIdentifier.identify(text)
        let more =
            " https://example.com/the/english/words you@mail.example main.swift {the_name} 12345"
        #expect(LanguageIdentifier.identify(text + more) == found)
        #expect(LanguageIdentifier.identify(more).candidates.isEmpty)
    }

    @Test("Case and Unicode's normal form make no difference", arguments: sentences)
    func forms(code: String, text: String) {
        let found = LanguageIdentifier.identify(text)
        // Where capitals have another number of letters (ß, ŉ) or lose marks (Greek), they are other words.
        if !["de", "el", "tr"].contains(code) {
            #expect(LanguageIdentifier.identify(text.uppercased()) == found)
        }
        #expect(LanguageIdentifier.identify(text.lowercased()) == found)
        let decomposed = text.decomposed
        #expect(LanguageIdentifier.identify(decomposed) == found)
    }

    @Test("At least 60 languages are known, by canonical tags")
    func count() {
        let languages = LanguageIdentifier.languages
        #expect(languages.count >= 60)
        #expect(Set(languages).count == languages.count)
        #expect(languages.allSatisfy { $0.englishName != $0.language })
    }

    @Test(
        "What is no text in a language is unsure",
        arguments: [
            "", " ", "12345", "3.14 + 2.71 = ?", "🙂🙂", "...", "-", "OK", "A", "x = 7", "µ",
            "\u{0}\u{FFFF}",
        ])
    func unsure(text: String) { #expect(LanguageIdentifier.identify(text).sure == nil) }

    @Test("A text half in one script and half in another is unsure")
    func mixed() {
        #expect(LanguageIdentifier.identify("Das ist ein Buch. Это книга на столе.").sure == nil)
    }

    @Test("Only languages that come into question are found")
    func among() throws {
        let french = "Hier, j'ai parlé du temps avec mon frère."
        let pair = Set(try ["de", "en"].map { try #require(LanguageTag($0)) })
        let found = LanguageIdentifier.identify(french, among: pair)
        #expect(found.candidates.allSatisfy { pair.contains($0.language) })
        #expect(LanguageIdentifier.identify("Это книга", among: pair).candidates.isEmpty)
    }

    /// Texts that do not tell, with their likeliest languages and how many come into question.
    static let doubtful: [(text: String, letters: Int, count: Int, best: [(String, Double)])] = [
        ("Zwei Hunde", 9, 14, [("de", 0.788542), ("lb", 0.081738), ("nl", 0.041966)]),
        ("Hotel Taxi", 9, 50, [("mt", 0.122187), ("ts", 0.093586), ("ca", 0.054902)]),
        ("in der", 5, 32, [("da", 0.297838), ("de", 0.174146), ("lb", 0.121769)]),
        ("da", 2, 62, [("ha", 0.178136), ("so", 0.116545), ("pt", 0.066194)]),
        ("Мама", 4, 11, [("be", 0.117637), ("sr", 0.117637), ("tt", 0.096313)]),
        (
            "Das ist ein Buch. Это книга на столе.", 28, 11,
            [("ru", 0.412218), ("bg", 0.026699), ("mk", 0.026699)]
        ),
    ]

    @Test("Probabilities are those that were calibrated, languages equally likely by their codes")
    func probabilities() {
        for (text, letters, count, best) in Self.doubtful {
            let found = LanguageIdentifier.identify(text)
            #expect(found.letterCount == letters && found.candidates.count == count, "\(text)")
            #expect(found.candidates.prefix(3).map(\.language.description) == best.map(\.0))
            for (candidate, (_, confidence)) in zip(found.candidates, best) {
                #expect(abs(candidate.confidence - confidence) < 1e-6, "\(text)")
            }
        }
    }

    @Test("Where all languages come into question, the answer is the same as where none is named")
    func amongAll() {
        let all = Set(LanguageIdentifier.languages)
        for (_, text) in Self.sentences {
            #expect(
                LanguageIdentifier.identify(text, among: all) == LanguageIdentifier.identify(text))
        }
    }

    @Test(
        "Any bytes have an answer with probabilities that add up to 1 at most, and always the same")
    func anyBytes() {
        var generator = SystemRandomNumberGenerator()
        let pieces = Self.sentences.map(\.1)
        for _ in 0..<2000 {
            var bytes = Array((pieces.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 0...10, using: &generator) where !bytes.isEmpty {
                let place = bytes.indices.randomElement(using: &generator) ?? 0
                if Bool.random(using: &generator) {
                    bytes[place] = UInt8.random(in: 0...255, using: &generator)
                } else {
                    bytes.remove(at: place)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let found = LanguageIdentifier.identify(text)
            let confidences = found.candidates.map(\.confidence)
            #expect(confidences.allSatisfy { $0 > 0 && $0 <= 1 })
            #expect(confidences.reduce(0, +) <= 1.000_001)
            #expect(confidences == confidences.sorted(by: >))
            #expect(LanguageIdentifier.identify(text) == found)
        }
    }

    @Test("A long text is looked at up to a limit, whatever it is made of")
    func long() {
        for piece in ["a", "ä'", "字", "\u{301}", "a\u{301}", "د", " "] {
            _ = LanguageIdentifier.identify(String(repeating: piece, count: 100_000))
        }
        let text = String(repeating: Self.sentences[0].1 + " ", count: 1000)
        #expect(LanguageIdentifier.identify(text).sure?.description == "de")
    }
}

extension String {
    /// Letters and marks apart, for the letters of Latin, Greek and Cyrillic that have marks.
    fileprivate var decomposed: String {
        String(unicodeScalars.flatMap { scalar in Self.parts[scalar] ?? [scalar] })
    }

    private static let parts: [Unicode.Scalar: [Unicode.Scalar]] = [
        "ä": ["a", "\u{308}"], "ö": ["o", "\u{308}"], "ü": ["u", "\u{308}"], "é": ["e", "\u{301}"],
        "è": ["e", "\u{300}"], "ã": ["a", "\u{303}"], "í": ["i", "\u{301}"], "č": ["c", "\u{30C}"],
        "ř": ["r", "\u{30C}"], "ů": ["u", "\u{30A}"], "ş": ["s", "\u{327}"], "ч": ["ч"],
        "й": ["и", "\u{306}"], "ї": ["і", "\u{308}"], "ό": ["ο", "\u{301}"],
    ]

    fileprivate init(_ scalars: [Unicode.Scalar]) {
        self = scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
    }
}
