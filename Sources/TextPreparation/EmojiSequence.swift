/// Emoji sequences of UTS #51, section 1.4.
enum EmojiSequence {
    /// The end of the sequence that begins at `start`, if one does; keycaps are not among them.
    static func end(_ scalars: [Unicode.Scalar], _ start: Int) -> Int? {
        guard var index = elementEnd(scalars, start) else { return nil }
        while index + 1 < scalars.count, scalars[index].value == 0x200D,
            let next = elementEnd(scalars, index + 1)
        {
            index = next
        }
        return index
    }

    /// One emoji with what modifies it, or a flag.
    private static func elementEnd(_ scalars: [Unicode.Scalar], _ start: Int) -> Int? {
        let first = scalars[start]
        guard first.value >= 0xA9, first.properties.isEmoji else { return nil }
        var index = start + 1
        if isRegional(first) {
            return index < scalars.count && isRegional(scalars[index]) ? index + 1 : nil
        }
        // From the arrows on they are pictures to whoever writes them, hearts and stars without a selector, too.
        var isShown = first.properties.isEmojiPresentation || first.value >= 0x2190
        while index < scalars.count, modifies(scalars[index]) {
            isShown = isShown || scalars[index].value == 0xFE0F
            index += 1
        }
        // ©, ™ and their like are text unless a selector, or a joiner before an emoji, makes them pictures.
        return isShown || joins(scalars, index) ? index : nil
    }

    private static func joins(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
        index + 1 < scalars.count && scalars[index].value == 0x200D
            && scalars[index + 1].properties.isEmoji
    }

    private static func isRegional(_ scalar: Unicode.Scalar) -> Bool {
        (0x1F1E6...0x1F1FF).contains(scalar.value)
    }

    /// Variation selectors, skin tones, tags and the keycap's frame.
    private static func modifies(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xFE0F, 0x1F3FB...0x1F3FF, 0xE0020...0xE007F, 0x20E3: true
        default: false
        }
    }
}
