//! Whatever the engine can do, C can do: each method of `Client` and `Reader` has its function, each variant of the engine's
//! vocabulary its number.

use crate::vocabulary::{
    VOCABULARY, of_a_client_that_conjures, of_clients, of_readers, read, sources, untold,
};

fn header() -> String {
    read("bindings/c/include/comity.h")
}

fn missing(functions: &[String], of: &str, header: &str) -> Vec<String> {
    let name = |method: &String| format!("comity_{of}_{method}(");
    functions
        .iter()
        .filter(|method| !header.contains(&name(method)))
        .cloned()
        .collect()
}

#[test]
fn every_method_of_a_client_has_a_function() {
    assert_eq!(missing(&of_clients(), "client", &header()), Vec::<String>::new());
}

#[test]
fn every_query_of_a_reader_has_a_function() {
    assert_eq!(missing(&of_readers(), "reader", &header()), Vec::<String>::new());
}

#[test]
fn an_engine_method_without_a_function_is_found() {
    let methods = of_a_client_that_conjures();
    assert_eq!(missing(&methods, "client", &header()), ["conjure"]);
}

#[test]
fn every_variant_of_the_vocabulary_is_told() {
    let untold = untold(&sources(), VOCABULARY, &["Advice::None"]);
    assert_eq!(untold, Vec::<String>::new());
}

/// A code as the header lists it: the refusals that share a name with something else say so in theirs.
fn in_header(number: i32, code: &str) -> String {
    let refused = if number / 1000 == 3 { "REFUSED_" } else { "" };
    format!("COMITY_CODE_{refused}{} = {number},", code.to_ascii_uppercase())
}

#[test]
fn the_header_lists_the_engine_s_codes_and_no_others() {
    let header = header();
    let codes: Vec<String> = comity::code::CODES
        .iter()
        .flat_map(|family| family.iter())
        .map(|(number, code)| in_header(*number, code))
        .collect();
    let listed: Vec<&str> = header
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("COMITY_CODE_"))
        .collect();
    assert_eq!(listed, codes);
}

#[test]
fn the_header_lists_the_engine_s_advice_and_no_other() {
    let header = header();
    let advices: Vec<String> = comity::code::ADVICES
        .iter()
        .map(|(number, code)| format!("COMITY_ADVICE_{} = {number},", code.to_ascii_uppercase()))
        .collect();
    let listed: Vec<&str> = header
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("COMITY_ADVICE_"))
        .collect();
    assert_eq!(listed, advices);
}
