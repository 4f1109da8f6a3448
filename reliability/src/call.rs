//! One call of the engine as a value, so that another process can make it.

use std::path::PathBuf;

use comity::{
    Allow, Answer, Batch, Change, Client, Cursor, Error, Frame, FrameKind, Identity, Key32, MessageId,
    NewRoom, Opening, Outgoing, Position, Request, RequestId, RequestKind, Resolution, Response, RoomUri,
    Seq, Timestamp, Twin, Witnesses,
};
use comity_room::{ClientUri, ProviderUri, UserUri};
use comity_testkit::supports;
use serde::{Deserialize, Serialize};

/// A file and the key that opens it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientFile {
    /// The database.
    pub path: PathBuf,
    /// The host's key.
    pub key: [u8; 32],
}

impl ClientFile {
    /// Opens it as the main app.
    pub fn opening(&self) -> Opening {
        Opening::app(&self.path, Key32::new(self.key))
    }

    /// Opens it as a notification extension.
    pub fn extension(&self) -> Opening {
        Opening::extension(&self.path, Key32::new(self.key))
    }
}

/// A call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the engine's verb of that name")]
pub enum Call {
    Create {
        user: UserUri,
        client: ClientUri,
    },
    /// With the twin that the host keeps, if it does.
    Open {
        twin: Option<[u8; 16]>,
    },
    PauseAndResume,
    Close,
    Rekey {
        key: [u8; 32],
    },
    /// With the twin that the host keeps, if it does: then the copy is told from the file.
    BackUp {
        path: PathBuf,
        twin: Option<[u8; 16]>,
    },
    CreateRoom {
        room: RoomUri,
        hub_key: Vec<u8>,
    },
    Change {
        room: RoomUri,
        changes: Vec<Change>,
    },
    Respond {
        room: RoomUri,
        accept: bool,
    },
    Join {
        room: RoomUri,
    },
    Send {
        room: RoomUri,
        what: What,
    },
    Resolve {
        message: Vec<u8>,
        retry: bool,
    },
    Read {
        room: RoomUri,
        up_to: Position,
    },
    Receive {
        frames: Vec<SentFrame>,
        cursor: Option<Cursor>,
        more: bool,
    },
    Answer {
        id: RequestId,
        answer: SentAnswer,
    },
    Wake,
    Advertise {
        enhanced: bool,
    },
    Restock {
        left: u32,
    },
    Forget {
        up_to: Seq,
    },
}

/// What is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they say it themselves")]
pub enum What {
    Text(String),
    Edit(Vec<u8>, String),
    Reaction(Vec<u8>, String),
    Deletion(Vec<u8>),
}

/// A frame on its way to another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SentFrame {
    room: Option<RoomUri>,
    from: ProviderUri,
    kind: FrameKind,
    bytes: Vec<u8>,
}

/// An answer on its way to another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are the engine's")]
pub enum SentAnswer {
    Body(Vec<u8>),
    Unreachable,
    Undeliverable,
}

/// A request on its way from another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SentRequest {
    id: RequestId,
    to: ProviderUri,
    lane: Option<RoomUri>,
    kind: RequestKind,
    body: Vec<u8>,
    attempt: u32,
    urgent: bool,
}

/// When in a call's process the disk begins to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before the file is there.
    Create,
    /// Before it is opened.
    Open,
    /// Once it is open.
    Opened,
}

impl Call {
    /// A call that receives a batch.
    pub fn receive(batch: &Batch) -> Self {
        let frames = batch.frames.iter().map(SentFrame::of).collect();
        Self::Receive {
            frames,
            cursor: batch.cursor.clone(),
            more: batch.more,
        }
    }

    /// A call that answers a request.
    pub fn answer(id: RequestId, answer: &Answer) -> Self {
        let answer = match answer {
            Answer::Body(body) => SentAnswer::Body(body.clone()),
            Answer::Undeliverable => SentAnswer::Undeliverable,
            _ => SentAnswer::Unreachable,
        };
        Self::Answer { id, answer }
    }

    /// When the disk begins to fail.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Create { .. } => Stage::Create,
            Self::Open { .. } => Stage::Open,
            _ => Stage::Opened,
        }
    }

    /// Makes the call on an open client. What it asks to be delivered.
    ///
    /// # Errors
    /// The engine's own.
    pub fn make(&self, client: &mut Client, now: Timestamp) -> Result<Vec<Request>, Error> {
        let step = match self.clone() {
            Self::Create { .. } | Self::Open { .. } => return Ok(Vec::new()),
            Self::PauseAndResume => {
                client.pause()?;
                client.resume()?;
                return Ok(Vec::new());
            }
            Self::Rekey { key } => return client.rekey(&Key32::new(key)).map(|()| Vec::new()),
            Self::BackUp { path, .. } => return client.backup_to(&path).map(|()| Vec::new()),
            // `close` takes the client; what it does is `pause`.
            Self::Close => return client.pause().map(|()| Vec::new()),
            Self::CreateRoom { room, hub_key } => {
                let new = NewRoom {
                    hub_key,
                    name: "a room".to_owned(),
                    requirement: None,
                };
                client.create_room(now, &room, &new)
            }
            Self::Change { room, changes } => client.change(now, &room, &changes),
            Self::Respond { room, accept } => {
                let response = if accept {
                    Response::Accept
                } else {
                    Response::Decline
                };
                client.respond(now, &room, response)
            }
            Self::Join { room } => client.join(now, &room, None),
            Self::Send { room, what } => client.send(now, &room, &what.outgoing(), Allow::default()),
            Self::Resolve { message, retry } => {
                let how = if retry {
                    Resolution::Retry
                } else {
                    Resolution::Withdraw
                };
                client.resolve(now, id(&message), how)
            }
            Self::Read { room, up_to } => client.read(now, &room, up_to),
            Self::Receive { frames, cursor, more } => {
                let frames = frames.into_iter().map(SentFrame::frame).collect();
                client.receive(now, &Batch { frames, cursor, more })
            }
            Self::Answer { id, answer } => client.answer(now, id, answer.answer()),
            Self::Wake => client.wake(now),
            Self::Advertise { enhanced } => {
                let supported = if enhanced {
                    supports::enhanced()
                } else {
                    supports::basic()
                };
                client.advertise(now, &supported)
            }
            Self::Restock { left } => client.restock(now, left),
            Self::Forget { up_to } => client.forget(now, up_to),
        };
        step.map(|step| step.requests)
    }

    /// Opens the client that the call is for, or creates it.
    ///
    /// # Errors
    /// The engine's own.
    pub fn client(&self, file: &ClientFile, now: Timestamp) -> Result<Client, Error> {
        match self {
            Self::Create { user, client } => {
                let identity = Identity {
                    user: user.clone(),
                    client: client.clone(),
                };
                Client::create(now, &file.opening(), identity)
            }
            Self::Open { twin: Some(twin) } | Self::BackUp { twin: Some(twin), .. } => {
                let witnesses = Witnesses {
                    twin: Some(Twin::new(*twin)),
                    last_request: None,
                };
                Client::open(now, &file.opening().witnessed(witnesses))
            }
            _ => Client::open(now, &file.opening()),
        }
    }
}

impl What {
    fn outgoing(&self) -> Outgoing {
        match self {
            Self::Text(text) => Outgoing::text(text),
            Self::Edit(message, text) => Outgoing::text(text).editing(id(message)),
            Self::Reaction(message, text) => Outgoing::reaction(id(message), text),
            Self::Deletion(message) => Outgoing::deletion(id(message)),
        }
    }
}

/// The octets of a message id.
pub fn octets(id: MessageId) -> Vec<u8> {
    id.octets().to_vec()
}

fn id(octets: &[u8]) -> MessageId {
    MessageId::try_from(octets).expect("the octets of a message id")
}

impl SentFrame {
    /// The frame, to be sent.
    pub fn of(frame: &Frame) -> Self {
        Self {
            room: frame.room.clone(),
            from: frame.from.clone(),
            kind: frame.kind,
            bytes: frame.bytes.clone(),
        }
    }

    /// The frame, as it was.
    pub fn frame(self) -> Frame {
        Frame {
            room: self.room,
            from: self.from,
            kind: self.kind,
            bytes: self.bytes,
        }
    }
}

impl SentAnswer {
    fn answer(self) -> Answer {
        match self {
            Self::Body(body) => Answer::Body(body),
            Self::Unreachable => Answer::Unreachable { retry_after: None },
            Self::Undeliverable => Answer::Undeliverable,
        }
    }
}

impl SentRequest {
    /// The request, to be sent.
    pub fn of(request: &Request) -> Self {
        Self {
            id: request.id,
            to: request.to.clone(),
            lane: request.lane.clone(),
            kind: request.kind,
            body: request.body.clone(),
            attempt: request.attempt,
            urgent: request.urgent,
        }
    }

    /// The request, as it was.
    pub fn request(self) -> Request {
        Request {
            id: self.id,
            to: self.to,
            lane: self.lane,
            kind: self.kind,
            body: self.body,
            attempt: self.attempt,
            urgent: self.urgent,
        }
    }
}
