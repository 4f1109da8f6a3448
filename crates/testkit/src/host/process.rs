//! The process that runs a client, and what lies on its device: the file, and what is kept beside it.

use std::path::PathBuf;

use comity::{Budget, Client, Key32, Opening, Role, Seq, Twin, Witnesses};
use comity_room::Timestamp;

use super::Host;

/// A client's files as they lay there at a moment: what a backup, or somebody with a cable, has of them.
pub struct Copy(Vec<(&'static str, Vec<u8>)>);

impl Host {
    /// Starts the process: opens the file, posts what is outstanding, sets the timer.
    pub fn open(&mut self, now: Timestamp) {
        assert!(self.running.is_none(), "the process runs already");
        let client = Client::open(now, &self.opening(Role::App)).expect("the client opens");
        self.start(client);
        if self.forgetful {
            self.forgetful = false;
            self.kill();
        }
    }

    /// Opens the same file a second time, as a notification extension does, and closes it again. The app then looks into
    /// the file for what has happened: events, requests, timer.
    pub fn as_extension<T>(
        &mut self,
        now: Timestamp,
        budget: Budget,
        work: impl FnOnce(&mut Client) -> T,
    ) -> T {
        let opening = Opening {
            budget,
            ..self.opening(Role::Extension)
        };
        let mut client = Client::open(now, &opening).expect("the extension opens");
        let result = work(&mut client);
        client.close().expect("the extension closes");
        if self.is_running() {
            self.look();
        }
        result
    }

    /// Closes the file in an orderly way.
    pub fn close(&mut self) {
        if let Some(running) = self.running.take() {
            drop(running.reader);
            running.client.close().expect("the client closes");
        }
    }

    /// Kills the process: its memory is gone, and the file is as a crash leaves it, write-ahead log included.
    pub fn kill(&mut self) {
        let before = self.opening(Role::App).path;
        self.deaths += 1;
        let after = self.opening(Role::App).path;
        std::fs::create_dir_all(after.parent().expect("a directory")).expect("a directory");
        // Copied while the connections are open, so that closing them cannot tidy up what a crash would leave.
        for suffix in ["", "-wal"] {
            let with = |path: &PathBuf| PathBuf::from(format!("{}{suffix}", path.display()));
            if with(&before).exists() {
                std::fs::copy(with(&before), with(&after)).expect("the file is copied");
            }
        }
        self.running = None;
        std::fs::remove_dir_all(before.parent().expect("a directory")).expect("the old file is deleted");
    }

    /// Deletes the client's files, and checks that nothing of them is left.
    pub fn wipe(&mut self) {
        self.close();
        let path = self.opening(Role::App).path;
        Client::wipe(&path).expect("the files are deleted");
        let left = std::fs::read_dir(path.parent().expect("a directory"))
            .expect("a directory")
            .count();
        assert_eq!(left, 0, "files are left behind");
    }

    /// The files as they lie there now.
    pub fn copy(&self) -> Copy {
        let (path, _) = self.file();
        let octets = |suffix: &'static str| {
            let octets = std::fs::read(format!("{}{suffix}", path.display())).ok()?;
            Some((suffix, octets))
        };
        Copy(["", "-wal"].into_iter().filter_map(octets).collect())
    }

    /// Closes the file, if it is open, and puts others in its place.
    pub fn put_back(&mut self, copy: &Copy) {
        self.close();
        let (path, _) = self.file();
        let dir = path.parent().expect("a directory");
        std::fs::remove_dir_all(dir).expect("the files are deleted");
        std::fs::create_dir_all(dir).expect("a directory");
        for (suffix, octets) in &copy.0 {
            std::fs::write(format!("{}{suffix}", path.display()), octets).expect("a file is written");
        }
        self.learned = Seq::default();
    }

    /// The client's file, in a directory of its own, and the key that opens it.
    pub fn file(&self) -> (PathBuf, [u8; 32]) {
        let dir = self.dir.join(format!("life-{}", self.deaths));
        (dir.join("client.comity"), self.key)
    }

    pub(super) fn opening(&self, role: Role) -> Opening {
        let (path, key) = self.file();
        let key = Key32::new(key);
        let opening = match role {
            Role::App => Opening {
                budget: self.budget,
                ..Opening::app(path, key)
            },
            Role::Extension => Opening::extension(path, key),
        };
        Opening {
            witnesses: self.keychain.clone(),
            ..opening
        }
    }

    /// The twin that is kept outside of the file.
    pub fn twin(&self) -> Option<Twin> {
        self.keychain.as_ref()?.twin
    }

    /// The host keeps nothing outside of the file any more.
    pub fn keep_no_witnesses(&mut self) {
        self.keychain = None;
    }

    /// What is kept on this device outside of the file is gone: another device, or one that was set up anew; and the server
    /// does not say which request it took last.
    pub fn lose_keychain(&mut self) {
        if let Some(keychain) = &mut self.keychain {
            *keychain = Witnesses::default();
        }
    }

    /// The server does not say any more which request it took last, until it takes another.
    pub fn lose_last_request(&mut self) {
        if let Some(keychain) = &mut self.keychain {
            keychain.last_request = None;
        }
    }

    /// The next time that the file is opened, the process is killed before the twin is kept.
    pub fn die_before_keeping(&mut self) {
        self.forgetful = true;
    }
}
