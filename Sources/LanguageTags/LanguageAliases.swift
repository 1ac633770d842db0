/// Codes that mean the same language.
enum LanguageAliases {
    /// A tag with the shortest code of its language.
    static func canonical(
        language: String, script: String?, region: String?, others: [String]
    ) -> LanguageTag {
        LanguageTag(
            language: codes[language] ?? language,
            script: script ?? (language == "sh" ? "Latn" : nil),
            region: region, others: others)
    }

    private static let codes: [String: String] = {
        var codes = replaced
        for entry in list.split(separator: ",") {
            let names = entry.split(whereSeparator: \.isWhitespace).map(String.init)
            for name in names.dropFirst() { codes[name] = names[0] }
        }
        return codes
    }()

    /// Codes that others have replaced.
    ///
    /// The IANA registry has all of them but `no`, which stands for Bokmål
    /// wherever it is not said that Nynorsk is meant.
    private static let replaced = [
        // Languages that stand for their macrolanguage (CLDR's aliases), as models of many languages name them.
        "ayr": "ay", "gaz": "om", "knc": "kr", "quy": "qu",
        "in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro", "no": "nb", "sh": "sr",
    ]

    /// The code of two letters of ISO 639-1, then those of three.
    ///
    /// They are of ISO 639-2 for terminology and, where another, for bibliography, and
    /// of ISO 639-3 for what most text in a macrolanguage is (`arb` of `ar`). `fil` is the standard form of `tl`.
    private static let list = """
        aa aar, ab abk, ae ave, af afr, ak aka, am amh, an arg, ar ara arb, as asm, av ava,
        ay aym, az aze azj, ba bak, be bel, bg bul, bh bih, bi bis, bm bam, bn ben,
        bo bod tib, br bre, bs bos, ca cat, ce che, ch cha, co cos, cr cre, cs ces cze,
        cu chu, cv chv, cy cym wel, da dan, de deu ger, dv div, dz dzo, ee ewe, el ell gre,
        en eng, eo epo, es spa, et est ekk, eu eus baq, fa fas per pes, ff ful, fi fin,
        fj fij, fo fao, fr fra fre, fy fry, ga gle, gd gla, gl glg, gn grn, gu guj, gv glv,
        ha hau, he heb, hi hin, ho hmo, hr hrv, ht hat, hu hun, hy hye arm, hz her, ia ina,
        id ind, ie ile, ig ibo, ii iii, ik ipk, io ido, is isl ice, it ita, iu iku, ja jpn,
        jv jav, ka kat geo, kg kon, ki kik, kj kua, kk kaz, kl kal, km khm, kn kan, ko kor,
        kr kau, ks kas, ku kur kmr, kv kom, kw cor, ky kir, la lat, lb ltz, lg lug, li lim,
        ln lin, lo lao, lt lit, lu lub, lv lav lvs, mg mlg plt, mh mah, mi mri mao,
        mk mkd mac, ml mal, mn mon khk, mr mar, ms msa may zsm, mt mlt, my mya bur, na nau,
        nb nob nor, nd nde, ne nep npi, ng ndo, nl nld dut, nn nno, nr nbl, nv nav, ny nya,
        oc oci, oj oji, om orm, or ori ory, os oss, pa pan, pi pli, pl pol, ps pus pbu pbt,
        pt por, qu que, rm roh, rn run, ro ron rum, ru rus, rw kin, sa san, sc srd, sd snd,
        se sme, sg sag, si sin, sk slk slo, sl slv, sm smo, sn sna, so som, sq sqi alb als,
        sr srp, ss ssw, st sot, su sun, sv swe, sw swa swh, ta tam, te tel, tg tgk, th tha,
        ti tir, tk tuk, tl tgl fil, tn tsn, to ton, tr tur, ts tso, tt tat, tw twi, ty tah,
        ug uig, uk ukr, ur urd, uz uzb uzn, ve ven, vi vie, vo vol, wa wln, wo wol, xh xho,
        yi yid ydd, yo yor, za zha, zh zho chi cmn, zu zul
        """
}
