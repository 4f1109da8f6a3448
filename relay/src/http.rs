//! As much of HTTP/1.1 as the chats speak: one request a connection, with a length or without a body, everything bounded.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Connections at once. A client that waits for frames has one.
const CONNECTIONS: usize = 64;
/// Octets of a request line and headers, and how many headers.
const HEAD: usize = 16 << 10;
const HEADERS: usize = 64;
/// Octets of a body: what the hub admits for a handshake.
const BODY: usize = 8 << 20;
/// How long one read or write may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request, read to its end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The value of a header; the first, if there are several.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    /// A sentence for a person.
    pub(crate) fn says(status: u16, sentence: &str) -> Self {
        Self::new(status, format!("{sentence}\n").into_bytes())
    }
}

/// Answers whoever connects, each on a thread of its own, for ever.
pub(crate) fn serve(listener: &TcpListener, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> ! {
    let (answer, open) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // Too many open files, most likely: some will be closed.
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        let seat = Seat::take(&open);
        let answer = Arc::clone(&answer);
        // Whoever hangs up has no use for an answer; if there is no thread to answer with, we hang up.
        let _ = std::thread::Builder::new().spawn(move || {
            let _ = converse(&stream, |request| match &seat {
                Some(_) => answer(request),
                None => Reply::says(503, "too many connections at once"),
            });
        });
    }
}

/// One of the connections at once, until it is dropped.
struct Seat(Arc<AtomicUsize>);

impl Seat {
    fn take(open: &Arc<AtomicUsize>) -> Option<Self> {
        let seat = Self(Arc::clone(open));
        (open.fetch_add(1, Ordering::Relaxed) < CONNECTIONS).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn converse(stream: &TcpStream, answer: impl FnOnce(&Request) -> Reply) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    let (reply, complete) = match read(&mut input, stream)? {
        Ok(request) => (answer(&request), true),
        Err(reply) => (reply, false),
    };
    write(stream, &reply)?;
    stream.shutdown(Shutdown::Write)?;
    if !complete {
        // Closed with octets unread, the connection would be reset, and the reply lost with it.
        io::copy(&mut input.take(4 * BODY as u64), &mut io::sink())?;
    }
    Ok(())
}

/// A request, or what to say instead of reading on.
fn read(input: &mut impl BufRead, output: impl Write) -> io::Result<Result<Request, Reply>> {
    let head = read_head(input)?;
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(&head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) if head.len() >= HEAD => {
            return Ok(Err(Reply::says(431, "the headers are too large")));
        }
        Err(httparse::Error::TooManyHeaders) => return Ok(Err(Reply::says(431, "too many headers"))),
        Ok(httparse::Status::Partial) | Err(_) => return Ok(Err(Reply::says(400, "this is not HTTP"))),
    }
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).trim().to_owned();
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: parsed.path.unwrap_or_default().to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), text(header.value)))
            .collect(),
        body: Vec::new(),
    };
    let length = match length(&request) {
        Ok(length) => length,
        Err(reply) => return Ok(Err(reply)),
    };
    if request.header("expect").is_some() {
        write_all(output, b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    input.take(length).read_to_end(&mut request.body)?;
    if request.body.len() as u64 != length {
        return Ok(Err(Reply::says(400, "the body is shorter than announced")));
    }
    Ok(Ok(request))
}

/// Everything up to the empty line, or as much as is admitted.
fn read_head(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while head.len() < HEAD {
        let left = (HEAD - head.len()) as u64;
        let read = input.by_ref().take(left).read_until(b'\n', &mut head)?;
        if read == 0 || head.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    Ok(head)
}

/// How long the body is.
fn length(request: &Request) -> Result<u64, Reply> {
    if request.header("transfer-encoding").is_some() {
        return Err(Reply::says(411, "a body needs a Content-Length"));
    }
    let given: Vec<&String> = request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, value)| value)
        .collect();
    let length = match given.as_slice() {
        [] => 0,
        [length] if length.bytes().all(|octet| octet.is_ascii_digit()) => length.parse().unwrap_or(u64::MAX),
        _ => return Err(Reply::says(400, "the Content-Length is no number")),
    };
    if length > BODY as u64 {
        return Err(Reply::says(413, "the body is too large"));
    }
    Ok(length)
}

fn write(stream: &TcpStream, reply: &Reply) -> io::Result<()> {
    let mut octets = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status)).into_bytes();
    for (name, value) in &reply.headers {
        octets.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if reply.status != 204 {
        octets.extend_from_slice(format!("Content-Length: {}\r\n", reply.body.len()).as_bytes());
    }
    octets.extend_from_slice(b"Connection: close\r\n\r\n");
    octets.extend_from_slice(&reply.body);
    write_all(stream, &octets)
}

fn write_all(mut output: impl Write, octets: &[u8]) -> io::Result<()> {
    output.write_all(octets)?;
    output.flush()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
