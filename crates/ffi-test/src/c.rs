//! The network, as other languages call it: `bindings/c/tests/comity_test.h`.

use std::ffi::{CStr, CString, c_char};

use comity::{
    Answer, ClientUri, Identity, ProviderUri, Request, RequestId, RequestKind, RoomUri, Timestamp, UserUri,
};

use crate::Network;

/// A network, and what it last handed out.
#[derive(Default)]
pub struct comity_test_network {
    network: Network,
    octets: Vec<u8>,
    room: CString,
    from: CString,
}

/// A network without providers.
#[unsafe(no_mangle)]
pub extern "C" fn comity_test_network_new() -> *mut comity_test_network {
    Box::into_raw(Box::default())
}

/// Frees a network.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_test_network_free(network: *mut comity_test_network) {
    // SAFETY: made by `comity_test_network_new` and given back once, as the header asks.
    drop(unsafe { Box::from_raw(network) });
}

/// Lets a client log in at its provider.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_test_network_register(
    network: *mut comity_test_network,
    user: *const c_char,
    client: *const c_char,
) {
    let who = identity(user, client);
    this(network).network.register(&who);
}

/// The key of a provider's hub, until the next call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_test_network_hub_key(
    network: *mut comity_test_network,
    provider: *const c_char,
    key: *mut *const u8,
    key_len: *mut usize,
) {
    let this = this(network);
    let provider = ProviderUri::parse(text(provider)).expect("a provider's URI");
    this.octets = this.network.hub_key(&provider);
    give(&this.octets, key, key_len);
}

/// Posts a request. 0: the body of the answer is there until the next call; 1: nobody answered; 2: it will never be delivered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_test_network_post(
    network: *mut comity_test_network,
    now: u64,
    user: *const c_char,
    client: *const c_char,
    to: *const c_char,
    lane: *const c_char,
    kind: u32,
    id: *const [u8; 16],
    body: *const u8,
    body_len: usize,
    answer: *mut *const u8,
    answer_len: *mut usize,
) -> u32 {
    let this = this(network);
    let lane = (!lane.is_null()).then(|| RoomUri::parse(text(lane)).expect("a room's URI"));
    let request = Request {
        // SAFETY: the header asks for 16 octets.
        id: RequestId(unsafe { id.read() }),
        to: ProviderUri::parse(text(to)).expect("a provider's URI"),
        lane,
        kind: kind_of(kind),
        body: octets(body, body_len),
        attempt: 0,
        urgent: false,
    };
    let now = Timestamp::from_millis(now);
    match this.network.post(now, &identity(user, client), &request).answer {
        Answer::Body(body) => {
            this.octets = body;
            give(&this.octets, answer, answer_len);
            0
        }
        Answer::Unreachable { .. } => 1,
        _ => 2,
    }
}

/// How many frames a client ever got.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_test_network_mail_len(
    network: *mut comity_test_network,
    client: *const c_char,
) -> usize {
    let client = ClientUri::parse(text(client)).expect("a client's URI");
    this(network).network.mail(&client).len()
}

/// One frame that a client got, until the next call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_test_network_mail(
    network: *mut comity_test_network,
    client: *const c_char,
    index: usize,
    room: *mut *const c_char,
    from: *mut *const c_char,
    frame: *mut *const u8,
    frame_len: *mut usize,
) {
    let this = this(network);
    let client = ClientUri::parse(text(client)).expect("a client's URI");
    let mail = this
        .network
        .mail(&client)
        .get(index)
        .expect("so many frames")
        .clone();
    let word = |uri: &str| CString::new(uri).expect("a URI without nulls");
    this.room = word(mail.room.as_ref().expect("the room").as_ref());
    this.from = word(mail.from.as_ref());
    this.octets = mail.bytes;
    // SAFETY: the header asks for room for a pointer.
    unsafe { room.write(this.room.as_ptr()) };
    // SAFETY: as above.
    unsafe { from.write(this.from.as_ptr()) };
    give(&this.octets, frame, frame_len);
}

fn identity(user: *const c_char, client: *const c_char) -> Identity {
    Identity {
        user: UserUri::parse(text(user)).expect("a user's URI"),
        client: ClientUri::parse(text(client)).expect("a client's URI"),
    }
}

/// By the numbers of `comity_request_kind`.
fn kind_of(number: u32) -> RequestKind {
    [
        RequestKind::CreateRoom,
        RequestKind::UpdateRoom,
        RequestKind::SubmitMessage,
        RequestKind::FetchKeyMaterial,
        RequestKind::FetchGroupInfo,
        RequestKind::PublishKeyPackages,
    ][usize::try_from(number).expect("a number") - 1]
}

fn this<'a>(network: *mut comity_test_network) -> &'a mut comity_test_network {
    // SAFETY: the header asks for a live network, used by one thread at a time.
    unsafe { network.as_mut() }.expect("a network")
}

fn text<'a>(at: *const c_char) -> &'a str {
    // SAFETY: the header asks for texts that end with a null.
    unsafe { CStr::from_ptr(at) }.to_str().expect("UTF-8")
}

fn octets(at: *const u8, len: usize) -> Vec<u8> {
    if len == 0 {
        return Vec::new();
    }
    // SAFETY: the header asks for so many octets.
    unsafe { std::slice::from_raw_parts(at, len) }.to_vec()
}

fn give(octets: &[u8], at: *mut *const u8, len: *mut usize) {
    // SAFETY: the header asks for room for a pointer.
    unsafe { at.write(octets.as_ptr()) };
    // SAFETY: and for a length.
    unsafe { len.write(octets.len()) };
}
