//! Language tags: whether one is well-formed, and how well it fits what a reader prefers.
//!
//! **Knows nothing of** which languages exist: a tag is a shape. See RFC 5646 §2.1 and RFC 4647 §3.

/// Whether `list` is empty or a comma-separated list of well-formed RFC 5646 tags.
pub(crate) fn is_language_list(list: &str) -> bool {
    list.is_empty() || list.split(',').all(is_well_formed)
}

/// RFC 5646 §2.1. Grandfathered tags that do not have the shape of others are listed.
fn is_well_formed(tag: &str) -> bool {
    if IRREGULAR
        .iter()
        .any(|irregular| tag.eq_ignore_ascii_case(irregular))
    {
        return true;
    }
    let mut subtags = tag.split('-').peekable();
    let Some(language) = subtags.next() else {
        return false;
    };
    if language.eq_ignore_ascii_case("x") {
        return is_private_use(subtags);
    }
    if !is_alpha(language, 2..=8) {
        return false;
    }
    // Up to three extended languages follow a language of two or three letters.
    for _ in 0..3 {
        if language.len() <= 3 {
            subtags.next_if(|s| is_alpha(s, 3..=3));
        }
    }
    subtags.next_if(|s| is_alpha(s, 4..=4));
    subtags.next_if(|s| is_alpha(s, 2..=2) || is_digits(s, 3));
    while subtags.next_if(|s| is_variant(s)).is_some() {}
    while let Some(singleton) = subtags.next() {
        if !is_alphanumeric(singleton, 1..=1) {
            return false;
        }
        if singleton.eq_ignore_ascii_case("x") {
            return is_private_use(subtags);
        }
        let mut any = false;
        while subtags.next_if(|s| is_alphanumeric(s, 2..=8)).is_some() {
            any = true;
        }
        if !any {
            return false;
        }
    }
    true
}

const IRREGULAR: [&str; 17] = [
    "en-GB-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-BE-FR",
    "sgn-BE-NL",
    "sgn-CH-DE",
];

fn is_private_use<'t>(mut subtags: impl Iterator<Item = &'t str>) -> bool {
    let first = subtags.next();
    first.is_some_and(|s| is_alphanumeric(s, 1..=8)) && subtags.all(|s| is_alphanumeric(s, 1..=8))
}

fn is_variant(subtag: &str) -> bool {
    is_alphanumeric(subtag, 5..=8)
        || (is_alphanumeric(subtag, 4..=4) && subtag.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_alpha(subtag: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_digits(subtag: &str, length: usize) -> bool {
    subtag.len() == length && subtag.bytes().all(|b| b.is_ascii_digit())
}

fn is_alphanumeric(subtag: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// How well a part's languages fit a reader. Less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LanguageRank {
    /// The nth preference, after this many subtags had to be dropped from it (RFC 4647 §3.4, lookup), or
    /// [`BROADER`] when the part is in a variety of what was preferred (§3.3.1, basic filtering).
    Preferred { preference: usize, dropped: usize },
    /// The part says nothing about its language, or the reader prefers none.
    Unstated,
    /// None of the preferences.
    Other,
}

const BROADER: usize = usize::MAX;

/// Ranks the comma-separated `list` of a part by a reader's language ranges, best first.
pub(crate) fn rank(list: &str, preferences: &[String]) -> LanguageRank {
    if list.is_empty() || preferences.is_empty() {
        return LanguageRank::Unstated;
    }
    for (preference, range) in preferences.iter().enumerate() {
        let best = list.split(',').filter_map(|tag| fit(tag.trim(), range)).min();
        if let Some(dropped) = best {
            return LanguageRank::Preferred { preference, dropped };
        }
    }
    LanguageRank::Other
}

/// How many subtags to drop from `range` until it is `tag`.
fn fit(tag: &str, range: &str) -> Option<usize> {
    let mut truncated = range;
    let mut dropped = 0;
    loop {
        if truncated.eq_ignore_ascii_case(tag) {
            return Some(dropped);
        }
        let Some((shorter, _)) = truncated.rsplit_once('-') else {
            break;
        };
        // A singleton is dropped with what it introduced.
        truncated = match shorter.rsplit_once('-') {
            Some((before, singleton)) if singleton.len() == 1 => before,
            _ => shorter,
        };
        dropped += 1;
    }
    let is_variety = tag
        .split_at_checked(range.len())
        .is_some_and(|(start, rest)| start.eq_ignore_ascii_case(range) && rest.starts_with('-'));
    is_variety.then_some(BROADER)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5646, appendix A.
    #[test]
    fn tags_of_the_standard_are_well_formed() {
        for tag in [
            "de",
            "i-enochian",
            "zh-Hant",
            "zh-cmn-Hans-CN",
            "yue-HK",
            "sr-Latn-RS",
            "sl-rozaj-biske",
            "de-CH-1901",
            "hy-Latn-IT-arevela",
            "es-419",
            "de-CH-x-phonebk",
            "az-Arab-x-AZE-derbend",
            "x-whatever",
            "en-a-myext-b-another",
            "ar-a-aaa-b-bbb-a-ccc",
        ] {
            assert!(is_well_formed(tag), "{tag}");
        }
    }

    #[test]
    fn other_shapes_are_not() {
        for tag in [
            "",
            "a",
            "a-DE",
            "de-419-DE",
            "en_US",
            "x",
            "en-",
            "-en",
            "en-x",
            "en-a",
            "toolonglanguage",
            "fr fr",
            "12-DE",
            "e1",
            "abcd-efg",
            "en-12",
            "en-1",
            "en-aaa-bbb-ccc-ddd",
            "de-DE-abcd",
            "de-DE-19",
            "de-DE-1_01",
            "en-a-b_c",
            "en-a-b",
            "en-a-123456789",
            "x-123456789",
            "x-a-123456789",
            "x-a-",
            "x-a_b",
        ] {
            assert!(!is_well_formed(tag), "{tag}");
        }
    }

    /// RFC 4647 §3.4, the example.
    #[test]
    fn a_range_is_cut_as_the_standard_cuts_it() {
        let range = "zh-Hant-CN-x-private1-private2";
        for (dropped, tag) in [range, "zh-Hant-CN-x-private1", "zh-Hant-CN", "zh-Hant", "ZH"]
            .into_iter()
            .enumerate()
        {
            assert_eq!(fit(tag, range), Some(dropped), "{tag}");
        }
        assert_eq!(fit("zh-Hant-CN-x", range), None);
    }

    #[test]
    fn a_variety_of_what_is_preferred_fits_and_a_word_that_begins_alike_does_not() {
        assert_eq!(fit("en-GB", "EN"), Some(BROADER));
        for (tag, range) in [("eng", "en"), ("de-AT", "en"), ("e", "en"), ("é-GB", "en")] {
            assert_eq!(fit(tag, range), None, "{tag}");
        }
    }

    #[test]
    fn a_closer_language_ranks_higher() {
        let preferences = ["fr-CA".to_owned(), "en".to_owned()];
        let ranked = ["fr-CA", "fr", "EN", "en-GB", "", "de"].map(|list| rank(list, &preferences));
        assert!(ranked.is_sorted_by(|a, b| a < b), "{ranked:?}");
        assert_eq!(rank("de,fr", &preferences), rank("fr", &preferences));
    }
}
