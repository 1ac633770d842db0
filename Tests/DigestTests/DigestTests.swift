import Digest
import System
import Testing

@Suite(.timeLimit(.minutes(10))) struct DigestTests {
    @Test(
        "Digests are those of FIPS 180-4's examples, whole and piece by piece",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func examples(text: String, digest: String) {
        let bytes = Array(text.utf8)
        #expect(Hexadecimal.text(SHA256.digest(bytes)) == digest)
        var pieces = SHA256()
        for byte in bytes { [byte].withUnsafeBytes { pieces.update($0) } }
        let whole = pieces.finalize()
        #expect(Hexadecimal.text(whole) == digest)
    }

    @Test(
        "XXH64 is that of its reference implementation",
        arguments: [
            ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b),
            ("abc", 0x44bc_2cf5_ad77_0999),
            ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
            (String(repeating: "0123456789", count: 10), 0xf80e_7b96_315a_fffa),
        ] as [(String, UInt64)])
    func fastChecksums(text: String, checksum: UInt64) {
        #expect(XXH64.checksum(Array(text.utf8)) == checksum)
    }

    @Test("XXH64 tells any two texts apart that differ in one byte")
    func oneByte() {
        var generator = SplitMix64(seed: 4)
        for count in 1...200 {
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            for place in 0..<count {
                var other = bytes
                other[place] ^= 1 << UInt8(place % 8)
                #expect(XXH64.checksum(other) != XXH64.checksum(bytes))
            }
        }
    }

    @Test(
        "Base64 is that of RFC 4648's examples",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(text: String, encoded: String) {
        #expect(Base64.text(Array(text.utf8)) == encoded)
    }
}
