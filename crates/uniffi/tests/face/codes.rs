//! The numbers are the engine's, every one of them.

use comity_uniffi::{Advice, Code};

/// A name as the engine writes it: the refusals that share a name with something else say so in ours.
fn in_words(code: Code) -> String {
    let name = snake(&format!("{code:?}"));
    match name.strip_prefix("refused_") {
        Some(refused) if code.number() / 1000 == 3 => refused.to_owned(),
        _ => name,
    }
}

fn snake(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

#[test]
fn every_code_has_the_number_and_the_name_of_the_engine_s() {
    let engine: Vec<(i32, String)> = comity::code::CODES
        .iter()
        .flat_map(|family| family.iter())
        .map(|(number, code)| (*number, (*code).to_owned()))
        .collect();
    let ours: Vec<(i32, String)> = Code::ALL
        .iter()
        .map(|code| (code.number(), in_words(*code)))
        .collect();
    assert_eq!(ours, engine);
}

#[test]
fn every_advice_has_the_number_and_the_name_of_the_engine_s() {
    let all = [
        Advice::None,
        Advice::Wait,
        Advice::Retry,
        Advice::Fetch,
        Advice::Rejoin,
        Advice::AskResend,
        Advice::Verify,
        Advice::OpenApp,
        Advice::FreeSpace,
        Advice::Relink,
        Advice::UpdateApp,
        Advice::FixProgram,
    ];
    let ours: Vec<(i32, String)> = all
        .iter()
        .map(|advice| (*advice as i32, snake(&format!("{advice:?}"))))
        .collect();
    let engine: Vec<(i32, String)> = comity::code::ADVICES
        .iter()
        .map(|(number, code)| (*number, (*code).to_owned()))
        .collect();
    assert_eq!(ours, engine);
}

#[test]
fn every_advice_of_the_engine_s_is_told_as_it_is() {
    for advice in [
        comity::Advice::None,
        comity::Advice::Wait,
        comity::Advice::Retry,
        comity::Advice::Fetch,
        comity::Advice::Rejoin,
        comity::Advice::AskResend,
        comity::Advice::Verify,
        comity::Advice::OpenApp,
        comity::Advice::FreeSpace,
        comity::Advice::Relink,
        comity::Advice::UpdateApp,
        comity::Advice::FixProgram,
    ] {
        assert_eq!(Advice::from(advice) as i32, advice.number(), "{advice:?}");
    }
}
