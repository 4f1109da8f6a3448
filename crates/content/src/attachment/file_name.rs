//! A name for a file that somebody else suggested.

/// A file name made of what the sender suggested that is safe on every system, or `None` if nothing is left of it.
///
/// It has no path, no control or direction-changing characters, none that a system forbids, does not begin with a dot or end
/// with one, is no device of Windows, and has at most 120 octets, its extension kept. It may still be the name of a program:
/// whether to open a file by its name is for the host to ask.
#[must_use]
pub fn safe_file_name(suggested: &str) -> Option<String> {
    let last = suggested.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !is_deceptive(*c))
        .map(|c| if "<>:\"|?*".contains(c) { '_' } else { c })
        .collect();
    let clean = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if clean.is_empty() {
        return None;
    }
    let stem = clean.split('.').next().unwrap_or_default().trim_end();
    if DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) {
        return Some(shortened(&format!("_{clean}")));
    }
    Some(shortened(clean))
}

/// Most octets in a file name. Systems take 255; this leaves room for what a host adds.
const NAME_OCTETS: usize = 120;

const DEVICES: [&str; 32] = [
    "con", "prn", "aux", "nul", "conin$", "conout$", "com0", "com1", "com2", "com3", "com4", "com5", "com6",
    "com7", "com8", "com9", "com¹", "com²", "com³", "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6",
    "lpt7", "lpt8", "lpt9", "lpt¹", "lpt²", "lpt³",
];

/// Control characters, and those that are not seen or change the direction of what is: Unicode's `Default_Ignorable_Code_Point`, the
/// ends of lines and paragraphs, annotations, and the blank of Braille.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Cuts the stem, not the extension.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_OCTETS {
        return name.to_owned();
    }
    let (stem, extension) = match name.rfind('.') {
        Some(dot) if name.len() - dot <= 16 => name.split_at(dot),
        _ => (name, ""),
    };
    let mut end = NAME_OCTETS - extension.len();
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let stem = stem.get(..end).unwrap_or_default();
    format!(
        "{}{extension}",
        stem.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_name_is_only_a_name() {
        for (suggested, safe) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\evil.exe", "evil.exe"),
            (".bashrc", "bashrc"),
            ("a:b?.txt. ", "a_b_.txt"),
            ("CON", "_CON"),
            ("nul.tar.gz", "_nul.tar.gz"),
            ("COM¹.txt", "_COM¹.txt"),
            ("lpt0", "_lpt0"),
            ("CONOUT$", "_CONOUT$"),
            ("annexe\u{202e}gpj.exe", "annexegpj.exe"),
            ("line\nbreak\0.txt", "linebreak.txt"),
            ("photo.jpg\u{3164}\u{3164}\u{2800}.exe", "photo.jpg.exe"),
            ("a\u{115f}\u{34f}\u{fe0f}\u{e0100}.png", "a.png"),
            ("Grüße 😀.png", "Grüße 😀.png"),
        ] {
            assert_eq!(safe_file_name(suggested).as_deref(), Some(safe), "{suggested:?}");
        }
        for nothing in [
            "",
            "...",
            "/",
            "a/",
            "\u{202e}",
            " . ",
            "\u{3164}",
            "\u{2800}.\u{ffa0}",
        ] {
            assert_eq!(safe_file_name(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = safe_file_name(&format!("{}.jpeg", "ä".repeat(300))).unwrap();
        assert!(name.len() <= NAME_OCTETS && name.ends_with("ä.jpeg"), "{name}");
        let name = safe_file_name(&"x".repeat(300)).unwrap();
        assert_eq!(name.len(), NAME_OCTETS);
    }
}
