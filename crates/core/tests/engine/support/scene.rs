//! The usual scene: Mallory's room, with Mallory's accomplice Eve and our Alice in it.

use comity::{
    Advice, Answer, EventKind, Frame, FrameOutcome, MessageId, Phase, Rejection, Request, RequestKind,
    Response, RoomUri, UserUri,
};
use comity_wire::{
    HandshakeBundle, MlsOctets, PublishKeyPackagesResponse, SubmitMessageRequest, SubmitMessageResponse,
    UpdateRoomResponse, UpdateVerdict, Wire as _,
};

use super::rogue::Committed;
use super::{Phone, Place, Plan, Rogue, room, user};

/// Mallory's room.
pub(crate) struct Scene {
    pub(crate) place: Place,
    /// The administrator, who created the room.
    pub(crate) mallory: Rogue,
    /// A member, and Mallory's accomplice.
    pub(crate) eve: Rogue,
    /// Our client.
    pub(crate) alice: Phone,
    said: u32,
}

/// The stable code of a rejection; panics if it is none.
#[track_caller]
pub(crate) fn code_of(outcome: &FrameOutcome) -> String {
    match outcome {
        FrameOutcome::Rejected { reason, advice } => {
            assert_eq!(*advice, reason.advice(), "the advice is the reason's own");
            reason.code().to_owned()
        }
        other => panic!("not rejected: {other:?}"),
    }
}

/// Who is in the rooms of these tests, the administrator first.
pub(crate) fn users() -> Vec<UserUri> {
    vec![
        user("m.example", "mallory"),
        user("e.example", "eve"),
        user("a.example", "alice"),
        user("c.example", "carol"),
    ]
}

impl Scene {
    /// Mallory, Eve and Alice are in the room; Carol is a participant without a client.
    pub(crate) fn new() -> Self {
        Self::at(Place::new(room("h.example", "den"), &users()))
    }

    pub(crate) fn at(place: Place) -> Self {
        let mut alice = Phone::new("a.example", "alice", "alice-phone");
        let key_package = alice.key_package();
        let mut scene = Self {
            mallory: Rogue::new("m.example", "mallory", "mallory-pc"),
            eve: Rogue::new("e.example", "eve", "eve-pc"),
            place,
            alice,
            said: 0,
        };
        scene.mallory.creates(&scene.place.state());
        let adds = vec![key_package, scene.eve.key_package()];
        let Committed { welcome, .. } = scene.mallory.commits(Plan {
            adds,
            ..Plan::default()
        });
        scene.mallory.merges();
        let (welcome, tree) = (welcome.unwrap(), scene.mallory.tree());
        scene.eve.is_welcomed(&welcome, &tree);
        let frame = scene.place.welcome(&welcome, tree);
        let outcome = scene.alice.receives(&frame);
        assert!(matches!(outcome, FrameOutcome::Done { .. }), "{outcome:?}");
        let now = scene.alice.now;
        drop(
            scene
                .alice
                .client
                .respond(now, &scene.place.uri, Response::Accept)
                .unwrap(),
        );
        assert_eq!(scene.alice.phase(&scene.place.uri), Some(Phase::Joined));
        scene
    }

    pub(crate) fn uri(&self) -> RoomUri {
        self.place.uri.clone()
    }

    /// Alice's process ends and starts again.
    pub(crate) fn restarts(self) -> Self {
        Self {
            alice: self.alice.restarts(),
            ..self
        }
    }

    /// A text of Mallory's, as a frame.
    pub(crate) fn saying(&mut self, text: &str) -> Frame {
        let message = self.mallory.says(&self.place.uri, text);
        self.place.message(&message)
    }

    /// Alice rejects the frame with this code and advice, tells so in her log, and nothing else has changed.
    #[track_caller]
    pub(crate) fn rejects(&mut self, frame: &Frame, code: &str, advice: Advice) {
        let (uri, before) = (self.uri(), self.alice.snapshot(&self.place.uri));
        let told = self.rejects_somehow(frame, code, advice);
        assert_eq!(
            self.alice.snapshot(&uri),
            before,
            "the room is as it was after {code}"
        );
        assert!(told <= 1, "one frame, one event");
    }

    /// The same, whatever follows from it. Says how many events there were.
    #[track_caller]
    pub(crate) fn rejects_somehow(&mut self, frame: &Frame, code: &str, advice: Advice) -> usize {
        let step = self.alice.steps(std::slice::from_ref(frame));
        assert_eq!(code_of(&step.frames[0]), code);
        let FrameOutcome::Rejected {
            reason,
            advice: given,
        } = &step.frames[0]
        else {
            unreachable!()
        };
        assert_eq!(*given, advice, "what helps against {code}");
        let told = step
            .events
            .iter()
            .any(|event| matches!(&event.kind, EventKind::Frame { reason: told, .. } if told == reason));
        assert!(told, "the log tells of {code}: {:?}", step.events);
        step.events.len()
    }

    /// A genuine message of Mallory's is read.
    #[track_caller]
    pub(crate) fn still_reads(&mut self) -> MessageId {
        self.said += 1;
        let text = format!("genuine {}", self.said);
        let frame = self.saying(&text);
        self.reads(&frame, &text)
    }

    /// A frame brings this text.
    #[track_caller]
    pub(crate) fn reads(&mut self, frame: &Frame, text: &str) -> MessageId {
        let outcome = self.alice.receives(frame);
        let FrameOutcome::Done {
            message: Some(id),
            notify: true,
        } = outcome
        else {
            panic!("{text} was not read: {outcome:?}")
        };
        let message = self
            .alice
            .reader()
            .message(self.alice.now, id)
            .unwrap()
            .expect("a message");
        assert_eq!(super::phone::text(&message), text);
        id
    }

    /// Mallory commits, and Eve and Alice follow.
    #[track_caller]
    pub(crate) fn everybody_follows(&mut self, plan: Plan) -> Committed {
        let committed = self.mallory.commits(plan);
        self.mallory.merges();
        self.eve.follows(&committed.commit, &[]);
        let frame = self.place.commit(&committed.commit);
        let outcome = self.alice.receives(&frame);
        assert!(
            matches!(outcome, FrameOutcome::Done { message: None, .. }),
            "{outcome:?}"
        );
        assert_eq!(
            self.alice.epoch(&self.place.uri),
            self.mallory.group().epoch().as_u64()
        );
        committed
    }

    /// Alice's room has stalled, she follows the advice, and is back.
    #[track_caller]
    pub(crate) fn rejoins(&mut self) {
        let uri = self.uri();
        assert_eq!(self.alice.phase(&uri), Some(Phase::Stalled));
        let now = self.alice.now;
        let step = self.alice.client.join(now, &uri, None).unwrap();
        self.serves(step.requests);
        assert_eq!(self.alice.phase(&uri), Some(Phase::Joined));
        assert_eq!(self.alice.epoch(&uri), self.mallory.group().epoch().as_u64());
    }

    /// A hub that believes everything answers these requests, and those that follow from the answers.
    #[track_caller]
    pub(crate) fn serves(&mut self, mut requests: Vec<Request>) {
        while let Some(request) = requests.pop() {
            let answer = self.answers(&request);
            let step = self
                .alice
                .client
                .answer(self.alice.now, request.id, answer)
                .unwrap();
            requests.extend(step.requests);
        }
    }

    fn answers(&mut self, request: &Request) -> Answer {
        let accepted_at = self.place.tick();
        Answer::Body(match request.kind {
            RequestKind::PublishKeyPackages => {
                self.alice.learn(std::slice::from_ref(request));
                PublishKeyPackagesResponse::Accepted { held: 21 }.encode()
            }
            RequestKind::FetchGroupInfo => self.place.entrance(&request.body, &self.mallory.entrance()),
            RequestKind::SubmitMessage => {
                let accepted = SubmitMessageRequest::decode(&request.body)
                    .unwrap()
                    .message
                    .sha256();
                SubmitMessageResponse::Accepted {
                    accepted_at,
                    frank: None,
                    accepted,
                }
                .encode()
            }
            RequestKind::UpdateRoom => {
                let bundle = HandshakeBundle::decode(&request.body).unwrap();
                if let HandshakeBundle::Commit { commit, .. } = &bundle {
                    self.mallory.follows(commit, &[]);
                }
                accepted(bundle.message(), accepted_at)
            }
            kind => panic!("{kind:?} is not served"),
        })
    }

    /// The reasons in Alice's log.
    pub(crate) fn reasons(&self) -> Vec<Rejection> {
        let reason = |event: comity::Event| match event.kind {
            EventKind::Frame { reason, .. } => Some(reason),
            _ => None,
        };
        self.alice.events().into_iter().filter_map(reason).collect()
    }
}

/// The hub has accepted a handshake.
pub(crate) fn accepted(message: &MlsOctets, accepted_at: comity::Timestamp) -> Vec<u8> {
    let accepted = message.sha256();
    UpdateRoomResponse {
        verdict: UpdateVerdict::Success {
            accepted_at,
            accepted,
        },
        description: String::new(),
    }
    .encode()
}
