//! Whatever the engine can do, C can do: each method of `Client` and `Reader` has its function, each variant of the engine's
//! vocabulary its number, and programs in C call it.

use std::path::Path;

use crate::vocabulary::{Engine, of_a_client_that_conjures, read, sources};

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
    let methods = Engine::documented().functions("Client");
    assert_eq!(missing(methods, "client", &header()), Vec::<String>::new());
}

#[test]
fn every_query_of_a_reader_has_a_function() {
    let queries = Engine::documented().functions("Reader");
    assert_eq!(missing(queries, "reader", &header()), Vec::<String>::new());
}

#[test]
fn an_engine_method_without_a_function_is_found() {
    let engine = of_a_client_that_conjures();
    assert_eq!(
        missing(engine.functions("Client"), "client", &header()),
        ["conjure"]
    );
}

#[test]
fn every_variant_of_the_vocabulary_is_told() {
    let untold = Engine::documented().untold(&sources(), &[], &["Advice::None"]);
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

/// The functions that the header declares.
fn declared(header: &str) -> Vec<&str> {
    header
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains('('))
        .filter_map(|line| line.split('(').next()?.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("comity_"))
        .collect()
}

/// What C says of itself, without what it says to people.
fn without_comments(source: &str) -> String {
    let mut code = String::new();
    for (i, block) in source.split("/*").enumerate() {
        let after = if i == 0 {
            block
        } else {
            block.split_once("*/").map_or("", |(_, code)| code)
        };
        code.push_str(after);
    }
    code
}

/// The programs in C that tests run, each statement by itself.
fn statements() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bindings/c/tests");
    let files = std::fs::read_dir(folder).expect("the programs");
    let sources = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .map(|path| std::fs::read_to_string(path).expect("a program"));
    sources
        .flat_map(|source| {
            without_comments(&source)
                .split([';', '{', '}'])
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The functions that no statement calls, or none that looks at what they return.
fn uncalled<'h>(declared: &[&'h str], statements: &[String]) -> Vec<&'h str> {
    let is_called = |function: &&str| {
        let call = format!("{function}(");
        let frees = function.ends_with("_free");
        statements.iter().any(|statement| {
            statement.split_once(&call).is_some_and(|(before, _)| {
                frees
                    || ["must(", "fails(", "check(", "return ", "if (", "= "]
                        .iter()
                        .any(|look| before.contains(look))
            })
        })
    };
    declared
        .iter()
        .copied()
        .filter(|function| !is_called(function))
        .collect()
}

#[test]
fn every_function_is_called_in_c_and_its_result_looked_at() {
    let header = header();
    let declared = declared(&header);
    assert!(declared.len() > 150, "only {declared:?} were found");
    assert_eq!(uncalled(&declared, &statements()), Vec::<&str>::new());
}

#[test]
fn a_function_that_no_program_calls_or_looks_at_is_found() {
    let program =
        "/* must(comity_a(x)); */ void f(void) { comity_b(x); must(comity_c(x)); comity_d_free(x); }";
    let statements: Vec<String> = without_comments(program)
        .split([';', '{', '}'])
        .map(str::to_owned)
        .collect();
    let declared = declared(
        "comity_status comity_a(int x,\n  int y);\nvoid comity_d_free(int x);\n// comity_z(\nconst char *comity_c(void);\ncomity_status comity_b(int x);\n",
    );
    assert_eq!(declared, ["comity_a", "comity_d_free", "comity_c", "comity_b"]);
    assert_eq!(uncalled(&declared, &statements), ["comity_a", "comity_b"]);
}
