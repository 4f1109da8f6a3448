//! Whether a text holds more than one reaction.
//!
//! See *mimi-content*, "Reaction": several reactions are never concatenated in one text part.

/// Whether `text` holds more than one emoji. Words are one reaction, however many: "+1", "thanks a lot".
pub(crate) fn holds_several_reactions(text: &str) -> bool {
    emoji(text) > 1
}

/// How many emoji are in the text, sequences joined as Unicode UTS #51 joins them.
fn emoji(text: &str) -> usize {
    let mut count = 0;
    let mut joined = false;
    let mut open_flag = false;
    for c in text.chars() {
        match c {
            ZERO_WIDTH_JOINER => {
                joined = true;
                continue;
            }
            _ if is_modifier(c) => continue,
            '\u{1f1e6}'..='\u{1f1ff}' if open_flag => open_flag = false,
            '\u{1f1e6}'..='\u{1f1ff}' => {
                open_flag = true;
                count += 1;
            }
            // A digit before it is a key, and the two are an emoji.
            KEYCAP => {
                open_flag = false;
                count += 1;
            }
            _ if is_pictograph(c) => {
                open_flag = false;
                count += usize::from(!joined);
            }
            _ => open_flag = false,
        }
        joined = false;
    }
    count
}

const ZERO_WIDTH_JOINER: char = '\u{200d}';

const KEYCAP: char = '\u{20e3}';

/// Variation selectors, skin tones, and tags: they belong to the emoji before them.
const fn is_modifier(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

const fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{203c}' | '\u{2049}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{24c2}'
        | '\u{25a0}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_sequences_flags_and_modifiers_are_one_emoji() {
        for one in [
            "❤",
            "❤\u{fe0f}",
            "👍🏽",
            "🇨🇭",
            "👩‍👩‍👧‍👦",
            "🏴\u{e0067}\u{e0062}\u{e007f}",
            "🏳\u{fe0f}\u{200d}🌈",
            "1\u{fe0f}\u{20e3}",
            "▶\u{fe0f}",
        ] {
            assert_eq!(emoji(one), 1, "{one}");
        }
    }

    #[test]
    fn each_further_emoji_counts() {
        for (text, count) in [
            ("❤🥳", 2),
            ("🇨🇭🇫🇷", 2),
            ("👍 👍", 2),
            ("👍🏽👍🏽👍🏽", 3),
            ("1\u{fe0f}\u{20e3}2\u{fe0f}\u{20e3}", 2),
            ("▶\u{fe0f}‼\u{fe0f}㊗\u{fe0f}", 3),
            ("1. 2. 3.", 0),
            ("👩‍👩👍", 2),
            ("🇨🇭x🇫🇷", 2),
            ("+1", 0),
            ("thanks", 0),
        ] {
            assert_eq!(emoji(text), count, "{text}");
        }
    }
}
