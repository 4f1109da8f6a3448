//! A client, from nothing to its first requests: what docs/rust.md shows.

// ANCHOR: uses
use comity::room::{Advertisement, MediaType, media_types};
use comity::{Client, ClientUri, Identity, Key32, Opening, Step, Supported, UserUri};
// ANCHOR_END: uses
use comity_examples::{Fault, present};

// ANCHOR: take
/// Here an app posts each request to its server, and hands the reply to `Client::answer`.
fn take(step: &Step) {
    for request in &step.requests {
        println!("to {}: {} octets", request.to, request.body.len());
    }
}
// ANCHOR_END: take

fn main() -> Result<(), Fault> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("alice.comity");
    let now = present()?; // Comity asks no clock; an app asks its own, before each call.

    // ANCHOR: create
    let key = Key32::new([7; 32]); // An app draws it, and keeps it in the device's keystore.
    let opening = Opening::app(file, key);
    let me = Identity {
        user: UserUri::parse("mimi://a.example/u/alice")?,
        client: ClientUri::parse("mimi://a.example/d/alice-desktop")?,
    };
    let mut client = Client::create(now, &opening, me)?;
    // ANCHOR_END: create

    // ANCHOR: advertise
    // Say what this app can show: what every MIMI client can, and HTML.
    let html = MediaType::parse("text/html;charset=utf-8")?;
    let media = Advertisement::new(media_types::baseline().iter().cloned().chain([html]))?;
    let languages = Vec::new();
    take(&client.advertise(now, &Supported { media, languages })?);
    // ANCHOR_END: advertise
    client.close()?;

    // ANCHOR: outstanding
    let client = Client::open(now, &opening)?;
    let reader = client.reader()?;
    for request in reader.outstanding(None, 100)? {
        println!(
            "still to be posted to {}: {} octets",
            request.to,
            request.body.len()
        );
    }
    // ANCHOR_END: outstanding
    Ok(())
}
