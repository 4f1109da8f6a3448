//! A commit whose outcome nobody knows.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how tests fail"
)]

use comity::{Advice, Allow, Client, Error, Outgoing, StorageError};
use comity_faultfs::{self as disk, Fault};
use comity_reliability::scene::Scene;

#[test]
fn a_commit_that_fails_poisons_the_client_until_it_is_opened_again() {
    disk::install();
    let (scene, mut poisoned) = (Scene::new(1), 0);
    for at in 1.. {
        scene.sam_dies();
        let (now, text) = (scene.sam.now(), scene.fresh("perhaps"));
        let mut client = Client::open(now, &scene.file().opening()).unwrap();
        let reader = client.reader().unwrap();
        disk::arm(at, Fault::Broken);
        let send =
            |client: &mut Client| client.send(now, &scene.hall, &Outgoing::text(&text), Allow::default());
        let first = send(&mut client);
        if !disk::disarm().fired {
            break;
        }
        let error = first.unwrap_err();
        assert_eq!((error.code(), error.advice()), ("storage_io", Advice::Retry));
        // Only what fails while committing leaves its outcome open.
        let poison = Error::Storage(StorageError::Poisoned);
        if client.wake(now).err() == Some(poison.clone()) {
            poisoned += 1;
            assert_eq!(
                (poison.code(), poison.advice()),
                ("storage_poisoned", Advice::Retry)
            );
            assert_eq!(
                client.reader().err(),
                Some(Error::Storage(StorageError::Poisoned))
            );
            assert!(
                reader.outstanding(None, 10).is_ok(),
                "a reader of its own still reads"
            );
            if at % 2 == 0 {
                client.pause().unwrap();
                assert_eq!(send(&mut client).unwrap_err(), Error::Paused);
            }
            client.resume().unwrap();
            assert!(client.wake(now).is_ok());
            // What the file holds now is what happened: the message is outstanding, or it was never written.
            let made = reader.outstanding(None, 10).unwrap().len();
            assert!(made <= 1);
        }
        drop((client, reader));
        scene.sam_lives();
        scene.written(&scene.hall, &text, false);
        scene.all_is_well(false);
    }
    assert!(poisoned > 1, "{poisoned} commits were poisoned");
}
