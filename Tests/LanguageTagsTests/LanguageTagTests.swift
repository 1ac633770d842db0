import LanguageTags
import Testing

@Suite(.timeLimit(.minutes(10))) struct LanguageTagTests {
    @Test(
        "Tags are canonical however they are written",
        arguments: [
            ("de", "de"), ("DE", "de"), ("deu", "de"), ("ger", "de"), ("de-DE", "de-DE"),
            ("de_AT", "de-AT"), ("EN-gb", "en-GB"), ("en-US", "en-US"), ("zh-hant", "zh-Hant"),
            ("ZH_HANT_tw", "zh-Hant-TW"), ("iw", "he"), ("heb", "he"), ("in", "id"), ("ji", "yi"),
            ("jw", "jv"), ("mo", "ro"), ("no", "nb"), ("nor", "nb"), ("nb", "nb"), ("fil", "tl"),
            ("sh", "sr-Latn"), ("cmn", "zh"), ("zh-cmn-Hans", "zh-Hans"), ("zh-yue", "yue"),
            ("es-419", "es-419"), ("arb", "ar"), ("als", "sq"), ("haw", "haw"),
            ("sl-rozaj-biske", "sl-rozaj-biske"), ("de-CH-1901", "de-CH-1901"),
            ("de-DE-u-co-phonebk", "de-DE-u-co-phonebk"),
            ("az-Arab-x-AZE-derbend", "az-Arab-x-aze-derbend"),
        ])
    func canonical(text: String, tag: String) throws {
        #expect(try #require(LanguageTag(text)).description == tag)
        #expect(LanguageTag(tag)?.description == tag)
    }

    @Test(
        "What has not the form of a tag is none",
        arguments: [
            "", "-", "d", "de-", "-de", "de--AT", "de AT", "12", "auto1", "deutschland", "x",
            "de-x", "de-u",
            "en-GB-GB", "de-1901-1901", "dé", "de-AT\n", "ab-cdefghijk",
            String(repeating: "de-", count: 1000),
        ])
    func malformed(text: String) { #expect(LanguageTag(text) == nil) }

    @Test(
        "A lookup finds the tag that says most of what was asked for",
        arguments: [
            ("de-AT", ["en", "de"], "de"), ("de", ["en", "de"], "de"), ("de_DE", ["deu"], "de"),
            ("de-CH-1901", ["de", "de-CH"], "de-CH"), ("en", ["en-GB"], "en-GB"),
            ("en", ["en-GB", "en"], "en"),
            ("en-US", ["en-GB"], nil), ("en-US", ["en-GB", "en"], "en"), ("fr", ["de"], nil),
            ("zh-TW", ["zh-Hans", "zh-Hant"], "zh-Hant"), ("zh-Hant-HK", ["zh-Hant"], "zh-Hant"),
            ("zh-Hant", ["zh"], "zh"), ("zh", ["zh-Hans"], "zh-Hans"), ("zh-CN", ["zh-TW"], nil),
            ("iw", ["he"], "he"),
            ("no", ["nb"], "nb"), ("nn", ["nb"], nil),
            ("zh-Hant-CN-x-private1-private2", ["zh-Hant"], "zh-Hant"),
            ("de", [], nil),
        ] as [(String, [String], String?)])
    func lookup(asked: String, tags: [String], found: String?) throws {
        let asked = try #require(LanguageTag(asked))
        let tags = tags.compactMap { LanguageTag($0) }
        #expect(LanguageTag.lookup(asked, among: tags)?.description == found)
    }

    @Test("Any text is a tag or none, and a tag's text is the tag")
    func anyText() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...16, using: &generator)
            let characters = Array("adeghnstuvxzAEZ019-_ é\u{0}")
            let text = String(
                (0..<length).map { _ in characters.randomElement(using: &generator) ?? "-" })
            guard let tag = LanguageTag(text) else { continue }
            #expect(LanguageTag(tag.description) == tag, "\(text)")
            #expect(tag.matches(tag), "\(text)")
        }
    }

    @Test("Languages have English names")
    func names() {
        #expect(LanguageTag("deu")?.englishName == "German")
        #expect(LanguageTag("zh-Hant")?.englishName == "Chinese")
        #expect(LanguageTag("xyz")?.englishName == "xyz")
    }
}
