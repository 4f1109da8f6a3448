//! A new key whose commit failed.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how tests fail"
)]

use comity::{Client, Error, Key32, Reader, Seq, StorageError};
use comity_faultfs::{self as disk, Fault};
use comity_reliability::scene::Scene;

/// The disk fails while a new key is committed, and still when the client is paused: the log, which holds the commit, stays. Whoever resumes
/// has told both keys, and need not know under which of them the file is.
#[test]
fn a_client_whose_new_key_may_have_been_written_resumes_under_whichever_it_is() {
    disk::install();
    let (scene, mut under) = (Scene::new(2), [0, 0]);
    let now = scene.sam.now();
    for at in 1.. {
        scene.sam_dies();
        let file = scene.copied_file();
        disk::watch(file.path.parent().unwrap());
        let mut client = Client::open(now, &file.opening()).unwrap();
        let reader = client.reader().unwrap();
        let new = Key32::new([8; 32]);
        disk::arm(at, Fault::Broken);
        let renewed = client.rekey(&new);
        if !disk::disarm().fired {
            break;
        }
        let poison = Error::Storage(StorageError::Poisoned);
        if renewed.is_err() && client.wake(now).err() == Some(poison) {
            disk::arm(1, Fault::Full);
            let _ = client.pause();
            disk::disarm();
            let old = Reader::open(&file.opening());
            under[usize::from(old.is_ok())] += 1;
            drop(old);
            client.resume().unwrap();
            assert!(reader.events(Seq(0), 1).is_ok());
            assert!(client.wake(now).is_ok());
        }
        // It can be called again, whatever became of it.
        client.rekey(&new).unwrap();
        client.close().unwrap();
        assert_eq!(
            Reader::open(&file.opening()).err(),
            Some(Error::Storage(StorageError::WrongKey))
        );
    }
    let [new, old] = under;
    assert!(
        new > 0,
        "it was under the new key {new} times, under the old one {old} times"
    );
}
