import COpenSSL
import Pages
import Testing

@Suite struct PagesTests {
    /// A page by name, since its bytes would be printed with every test.
    enum Name: CaseIterable {
        case home
        case reference

        var bytes: [UInt8] {
            switch self {
            case .home: Pages.home
            case .reference: Pages.reference
            }
        }
    }

    private func text(_ page: Name) throws -> String {
        try #require(String(validating: page.bytes, as: UTF8.self))
    }

    /// What stands between the tags of the elements of one name, which have no such element inside.
    private func contents(of name: String, in page: String) -> [String] {
        page.split(separator: "<\(name)").dropFirst().compactMap { part in
            guard let start = part.firstIndex(of: ">"), let end = part.firstRange(of: "</\(name)>")
            else { return nil }
            return String(part[part.index(after: start)..<end.lowerBound])
        }
    }

    /// The source expression of CSP Level 3 for an inline text, by arithmetic of its own for the base64.
    private func source(_ text: String) -> String {
        var digest = [UInt8](repeating: 0, count: 33)
        EVP_Digest(text, text.utf8.count, &digest, nil, EVP_sha256(), nil)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let characters = stride(from: 0, to: 33, by: 3).flatMap { at in
            let bits = digest[at..<at + 3].reduce(0) { $0 << 8 | Int($1) }
            return [18, 12, 6, 0].map { alphabet[bits >> $0 & 63] }
        }
        return "'sha256-\(String(characters.dropLast()))='"
    }

    @Test("Both pages are UTF-8 below 64 KiB", arguments: Name.allCases)
    func size(_ page: Name) throws {
        let start = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">"
        #expect(try text(page).hasPrefix(start))
        #expect(page.bytes.count < 64 << 10)
    }

    @Test("Nothing is loaded from anywhere else", arguments: Name.allCases)
    func isComplete(_ page: Name) throws {
        let text = try text(page)
        for outside in ["http://", "https://", "src=", "\"//"] {
            #expect(!text.contains(outside), "\(outside)")
        }
        for style in contents(of: "style", in: text) {
            #expect(!style.contains("url(") && !style.contains("@import"))
        }
        let links = text.split(separator: "href=\"").dropFirst()
        #expect(!links.isEmpty)
        #expect(
            links.allSatisfy { link in
                // Relative, so that a proxy may serve the page below a path.
                ["./", "docs", "models", "openapi.yaml"].contains(link.prefix { $0 != "\"" })
                    || link.hasPrefix("#") || link.hasPrefix("data:")
            })
    }

    @Test("Text is never taken for markup, nor for a program", arguments: Name.allCases)
    func textStaysText(_ page: Name) throws {
        let text = try text(page)
        for sink in [
            "innerHTML", "outerHTML", "AdjacentHTML", "document.write", "eval(", "Function(",
        ] {
            #expect(!text.contains(sink), "\(sink)")
        }
    }

    @Test(
        "The policy names the one script and the one style sheet of each page",
        arguments: Name.allCases)
    func hashes(_ page: Name) throws {
        let text = try text(page)
        let directives = Pages.contentSecurityPolicy.split(separator: "; ")
        for (name, directive) in [("script", "script-src"), ("style", "style-src")] {
            let inline = contents(of: name, in: text)
            #expect(inline.count == 1)
            let allowed = try #require(directives.first { $0.hasPrefix(directive) })
            #expect(allowed.split(separator: " ").contains { $0 == source(inline[0]) })
        }
    }

    @Test("What the policy does not name is refused")
    func policyIsClosed() {
        #expect(Pages.contentSecurityPolicy.hasPrefix("default-src 'none'; "))
        #expect(!Pages.contentSecurityPolicy.contains("unsafe"))
        // A header field has one line.
        #expect(Pages.contentSecurityPolicy.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
    }

    @Test("Without scripts each page leads to the document", arguments: Name.allCases)
    func withoutScripts(_ page: Name) throws {
        let notes = contents(of: "noscript", in: try text(page))
        #expect(notes.count == 1)
        #expect(notes.allSatisfy { $0.contains("href=\"openapi.yaml\"") })
    }
}
