//! The calls of `docs/relay.md`: headers in, a reply out.

use std::net::TcpListener;
use std::time::Duration;

use comity_hub::Endpoint;
use comity_room::{ClientUri, ProviderUri, RoomUri, Timestamp, UserUri};

use crate::http::{self, Reply, Request};
use crate::providers::{Fault, Outcome, Posted, Providers};

/// How long a client may wait for a frame.
const LONGEST_WAIT: u64 = 30;

/// Answers whoever connects, for ever. Whoever can connect can be anybody: listen on loopback alone.
pub fn serve(listener: &TcpListener, providers: Providers) -> ! {
    http::serve(listener, move |request| {
        answer(&providers, request).unwrap_or_else(|complaint| complaint)
    })
}

fn answer(providers: &Providers, request: &Request) -> Result<Reply, Reply> {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/login") => {
            let user = uri(request, "Comity-User", UserUri::parse)?;
            let client = uri(request, "Comity-From", ClientUri::parse)?;
            providers.login(&user, &client).map_err(complain)?;
            Ok(Reply::new(204, Vec::new()))
        }
        ("GET", "/users") => {
            let users = providers.users().map_err(complain)?;
            let lines: String = users.iter().map(|user| format!("{user}\n")).collect();
            Ok(Reply::new(200, lines.into_bytes()))
        }
        ("GET", "/hub-key") => {
            let provider = uri(request, "Comity-To", ProviderUri::parse)?;
            match providers.hub_key(&provider).map_err(complain)? {
                Some(key) => Ok(Reply::new(200, key)),
                None => Err(Reply::says(404, "nobody has logged in at this provider")),
            }
        }
        ("POST", "/request") => post(providers, request),
        ("GET", "/frame") => frame(providers, request),
        _ => Err(Reply::says(404, "there is no such call; see docs/relay.md")),
    }
}

fn post(providers: &Providers, request: &Request) -> Result<Reply, Reply> {
    let from = uri(request, "Comity-From", ClientUri::parse)?;
    let to = uri(request, "Comity-To", ProviderUri::parse)?;
    let lane = match request.header("Comity-Lane") {
        None => None,
        Some(_) => Some(uri(request, "Comity-Lane", RoomUri::parse)?),
    };
    let mut id = [0; 16];
    hex::decode_to_slice(need(request, "Comity-Id")?, &mut id)
        .map_err(|_| Reply::says(400, "Comity-Id is not 32 hexadecimal digits"))?;
    let endpoint = endpoint(need(request, "Comity-Kind")?)
        .ok_or_else(|| Reply::says(400, "Comity-Kind is no kind of request"))?;
    let posted = Posted {
        id: &id,
        to: &to,
        lane: lane.as_ref(),
        endpoint,
        body: &request.body,
    };
    match providers.post(present(), &from, posted).map_err(complain)? {
        Outcome::Answer(body) => Ok(Reply::new(200, body)),
        Outcome::Undeliverable => Err(Reply::says(404, "nobody has logged in at this provider")),
    }
}

fn frame(providers: &Providers, request: &Request) -> Result<Reply, Reply> {
    let from = uri(request, "Comity-From", ClientUri::parse)?;
    let after = number(request, "Comity-After")?;
    let wait = Duration::from_secs(number(request, "Comity-Wait")?.min(LONGEST_WAIT));
    match providers.frame(&from, after, wait).map_err(complain)? {
        None => Ok(Reply::new(204, Vec::new())),
        Some(mail) => Ok(Reply {
            status: 200,
            headers: vec![
                ("Comity-Cursor", mail.cursor.to_string()),
                ("Comity-Room", mail.room.to_string()),
                ("Comity-Hub", mail.room.provider().to_string()),
            ],
            body: mail.frame,
        }),
    }
}

/// A kind by its number in `comity.h`, or by its name in any language's fashion.
fn endpoint(kind: &str) -> Option<Endpoint> {
    let word: String = kind
        .chars()
        .filter(|c| !['-', '_'].contains(c))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    Some(match word.as_str() {
        "1" | "createroom" => Endpoint::CreateRoom,
        "2" | "updateroom" => Endpoint::UpdateRoom,
        "3" | "submitmessage" => Endpoint::SubmitMessage,
        "4" | "fetchkeymaterial" => Endpoint::KeyMaterial,
        "5" | "fetchgroupinfo" => Endpoint::GroupInfo,
        "6" | "publishkeypackages" => Endpoint::PublishKeyPackages,
        _ => return None,
    })
}

fn need<'a>(request: &'a Request, name: &str) -> Result<&'a str, Reply> {
    request
        .header(name)
        .ok_or_else(|| Reply::says(400, &format!("{name} is missing")))
}

fn uri<T, E: std::fmt::Display>(
    request: &Request,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Reply> {
    parse(need(request, name)?).map_err(|error| Reply::says(400, &format!("{name}: {error}")))
}

/// A header with a number; 0 without it.
fn number(request: &Request, name: &str) -> Result<u64, Reply> {
    request.header(name).map_or(Ok(0), |value| {
        value
            .parse()
            .map_err(|_| Reply::says(400, &format!("{name} is no number")))
    })
}

fn complain(fault: Fault) -> Reply {
    let status = match fault {
        Fault::Stranger => 401,
        Fault::Senseless(_) => 400,
        Fault::Damage(_) => 500,
    };
    Reply::says(status, &fault.to_string())
}

#[expect(clippy::disallowed_methods, reason = "a server has a clock")]
fn present() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}
