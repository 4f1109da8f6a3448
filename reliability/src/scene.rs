//! The people of the tests: Sam, whose client the disk fails, and those who saw everything that left it.

use std::path::PathBuf;

use comity::{Answer, Phase, RequestKind, RoomUri};
use comity_faultfs as disk;
use comity_room::UserUri;
use comity_testkit::{Actor, World, names, supports};

use crate::call::ClientFile;

/// Sam's phone is the client under test. Everybody else's files lie on a disk that works.
pub struct Scene {
    /// Everybody, the hubs and the link.
    pub world: World,
    /// The client under test.
    pub sam: Actor,
    /// Another client of Sam's.
    pub tablet: Actor,
    /// A peer at another provider, in the hall with Sam.
    pub pat: Actor,
    /// A third, who comes and goes.
    pub quinn: Actor,
    /// The room that Sam and Pat share, at Sam's provider.
    pub hall: RoomUri,
    /// Which attempt this is: for names and texts that occur once.
    number: std::cell::Cell<u32>,
    rejected: std::cell::Cell<(usize, usize)>,
    /// For files that belong to nobody yet.
    dir: tempfile::TempDir,
}

/// Scenes for one run after another: a new one now and then, because timelines grow and everybody compares them.
pub struct Scenes {
    seed: u64,
    runs: u32,
    scene: Option<Scene>,
}

/// After how many runs a scene is used up.
const USED_UP: u32 = 10;

impl Scenes {
    /// Worlds of this seed and those after it.
    pub fn of(seed: u64) -> Self {
        Self {
            seed,
            runs: 0,
            scene: None,
        }
    }

    /// The scene of the next run.
    pub fn fresh(&mut self) -> &Scene {
        self.runs += 1;
        if self.runs.is_multiple_of(USED_UP) {
            self.spoiled();
        }
        self.scene.get_or_insert_with(|| Scene::new(self.seed))
    }

    /// The scene cannot be used again.
    pub fn spoiled(&mut self) {
        self.scene = None;
        self.seed = self.seed.wrapping_add(1);
    }
}

impl Scene {
    /// Everybody is there, and Sam and Pat share the hall.
    pub fn new(seed: u64) -> Self {
        let world = World::with_seed(seed);
        let (sam, pat, quinn) = (
            world.user("sam@a.example"),
            world.user("pat@b.example"),
            world.user("quinn@c.example"),
        );
        let phone = world.client("sam", &sam, &supports::enhanced());
        let tablet = world.client("tablet", &sam, &supports::basic());
        let pats = world.client("pat", &pat, &supports::basic());
        let quinns = world.client("quinn", &quinn, &supports::basic());
        world.settle();
        let hall = phone.creates("hall");
        phone.invites(&pat);
        world.settle();
        pats.accepts();
        world.settle();
        Self {
            world,
            sam: phone,
            tablet,
            pat: pats,
            quinn: quinns,
            hall,
            number: std::cell::Cell::new(0),
            rejected: std::cell::Cell::new((0, 0)),
            dir: tempfile::tempdir().expect("a directory"),
        }
    }

    /// Pat.
    pub fn pats_user(&self) -> UserUri {
        self.pat.user()
    }

    /// A text that has not been written before.
    pub fn fresh(&self, what: &str) -> String {
        self.number.set(self.number.get() + 1);
        format!("{what} {}.", self.number.get())
    }

    /// A room that does not exist yet, at a provider.
    pub fn fresh_room(&self, domain: &str) -> RoomUri {
        let name = self.fresh("room").replace([' ', '.'], "-");
        names::room(&format!("{name}x@{domain}"))
    }

    /// A file that does not exist yet, in a directory of its own.
    pub fn fresh_file(&self) -> ClientFile {
        let dir: PathBuf = self.dir.path().join(self.fresh("file"));
        std::fs::create_dir_all(&dir).expect("a directory");
        ClientFile {
            path: dir.join("client.comity"),
            key: [7; 32],
        }
    }

    /// A copy of Sam's file, in a directory of its own. Sam's process has ended.
    pub fn copied_file(&self) -> ClientFile {
        let (ours, copy) = (self.file(), self.fresh_file());
        for suffix in ["", "-wal"] {
            let of = |file: &ClientFile| {
                let mut path = file.path.clone().into_os_string();
                path.push(suffix);
                PathBuf::from(path)
            };
            if of(&ours).exists() {
                std::fs::copy(of(&ours), of(&copy)).expect("a copy");
            }
        }
        ClientFile {
            key: ours.key,
            ..copy
        }
    }

    /// Sam's file.
    pub fn file(&self) -> ClientFile {
        let (path, key) = self.sam.file();
        ClientFile { path, key }
    }

    /// Pat creates a room of their own and invites Sam, who knows of it.
    pub fn invited_by_pat(&self, accepted: bool) -> RoomUri {
        let room = self.room_of(&self.pat);
        self.pat.within(&room).invites(&self.sam.user());
        self.world.settle();
        if accepted {
            self.sam.within(&room).accepts();
            self.world.settle();
        }
        room
    }

    /// A room that one of them has created alone.
    pub fn room_of(&self, actor: &Actor) -> RoomUri {
        let provider = actor.user().provider();
        let name = self.fresh("room").replace([' ', '.'], "-");
        let room = actor.creates_at(provider.domain(), &format!("{name}x"), None);
        self.world.settle();
        room
    }

    /// Quinn is in the hall.
    pub fn quinn_comes(&self) {
        let hall = self.quinn.within(&self.hall);
        if hall.phase() == Some(Phase::Joined) {
            return;
        }
        self.sam.within(&self.hall).invites(&self.quinn.user());
        self.world.settle();
        hall.accepts();
        self.world.settle();
    }

    /// Quinn is not in the hall.
    pub fn quinn_goes(&self) {
        if self.quinn.within(&self.hall).phase() == Some(Phase::Joined) {
            self.sam.within(&self.hall).removes(&self.quinn.user());
            self.world.settle();
        }
    }

    /// Sam's only unanswered request of a kind, and what its provider answers. Nobody has told Sam.
    pub fn answered(&self, kind: RequestKind) -> (comity::Request, Answer) {
        let mut requests = self.sam.outstanding();
        requests.retain(|request| request.kind == kind);
        let request = requests.pop().expect("a request");
        let answer = self.sam.posts(&request);
        (request, answer)
    }

    /// Sam's process ends; its file is at rest.
    pub fn sam_dies(&self) {
        self.sam.is_killed();
        let (path, _) = self.sam.file();
        disk::watch(path.parent().expect("a directory"));
    }

    /// Sam's process starts again, hears everything and says everything.
    pub fn sam_lives(&self) {
        self.sam.is_back();
        self.sam.listens();
        self.sam.starts_if_needed();
        self.pat.is_back();
        self.quinn.is_back();
        self.world.settle();
    }

    /// Nothing was lost, doubled or reused: everybody agrees, and understands what Sam and Pat say next.
    pub fn all_is_well(&self, spoils: bool) {
        self.world
            .agrees(&self.hall, &[&self.sam, &self.pat, &self.quinn, &self.tablet]);
        let (ours, theirs) = (self.fresh("sam speaks"), self.fresh("pat speaks"));
        self.sam.within(&self.hall).says(&ours);
        self.pat.within(&self.hall).says(&theirs);
        self.world.settle();
        for text in [&ours, &theirs] {
            self.written(&self.hall, text, true);
        }
        let now = (self.sam.rejections().len(), self.pat.rejections().len());
        let before = self.rejected.replace(now);
        if !spoils {
            assert_eq!(before, now, "frames that Sam and Pat rejected");
        }
    }

    /// A text stands once in the timelines of Sam and Pat, or in neither.
    pub fn written(&self, room: &RoomUri, text: &str, surely: bool) {
        let times = |actor: &Actor| {
            let lines = actor.within(room).timeline();
            lines.iter().filter(|line| line.contains(text)).count()
        };
        let (sam, pat) = (times(&self.sam), times(&self.pat));
        assert_eq!(sam, pat, "how often Sam and Pat see {text:?}");
        assert!(sam <= 1, "{text:?} is doubled");
        assert!(sam == 1 || !surely, "{text:?} is lost");
    }
}
