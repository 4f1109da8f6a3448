//! What docs/content.md shows, and that it comes to what the page says.

use comity_content::{Part, derive};

#[test]
fn html_gets_its_words_beside_it() {
    // ANCHOR: alternatives
    let html = Part::html("<p>We <b>shipped</b>!</p>");
    let forms = derive::alternatives(html); // HTML, Markdown, plain text
    let body = Part::choose_one(forms.into_iter().map(|form| form.part)).unwrap();
    // ANCHOR_END: alternatives
    assert_eq!(
        media_types(&body),
        [
            "text/html;charset=utf-8",
            "text/markdown;variant=GFM-MIMI",
            "text/plain;charset=utf-8"
        ]
    );
}

#[test]
fn a_type_of_an_apps_own_gets_words_by_hand() {
    // ANCHOR: vendor
    let poll = Part::vendor("application/vnd.example.poll+json", r#"{"q":"Pizza?"}"#).unwrap();
    let words = Part::markdown("**Poll:** pizza? Answer *yes* or *no*.");
    let body = Part::choose_one([poll, words]).unwrap();
    // ANCHOR_END: vendor
    assert_eq!(
        media_types(&body),
        [
            "application/vnd.example.poll+json",
            "text/markdown;variant=GFM-MIMI"
        ]
    );
}

fn media_types(body: &Part) -> Vec<&str> {
    comity_content::leaf_media_types(body).collect()
}
