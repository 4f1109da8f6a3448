//! What is written by hand at the border: octets in one piece, and parts no deeper than they may be.

use comity_uniffi::{Body, ComityError, Disposition, Octets, Part, PartSemantics, part_multi, part_text};
use uniffi::{Lift, Lower, TypeId};

/// Any tag: the form is the same for all.
struct Tag;

fn written<T: Lower<Tag>>(value: T) -> Vec<u8> {
    let mut octets = Vec::new();
    T::write(value, &mut octets);
    octets
}

fn told<T: TypeId<Tag>>() -> Vec<u8> {
    T::TYPE_ID_META.as_ref().to_vec()
}

#[test]
fn octets_have_the_form_of_a_list_of_octets() {
    for len in [0, 1, 255, 70_000] {
        let list: Vec<u8> = (0..len).map(|at: u32| at.to_le_bytes()[0]).collect();
        assert_eq!(written(Octets(list.clone())), written(list.clone()));
        let form = written(list.clone());
        let read = <Octets as Lift<Tag>>::try_read(&mut form.as_slice()).expect("octets");
        assert_eq!(read.0, list);
    }
}

#[test]
fn octets_say_that_they_are_a_list_of_octets() {
    assert_eq!(told::<Octets>(), told::<Vec<u8>>());
}

#[test]
fn octets_that_are_not_there_are_not_read() {
    let form = written(vec![1_u8, 2, 3]);
    for end in 0..form.len() {
        let mut short = form.get(..end).expect("a part of it");
        assert!(<Octets as Lift<Tag>>::try_read(&mut short).is_err(), "{end}");
    }
    let negative = (-1_i32).to_be_bytes();
    assert!(<Octets as Lift<Tag>>::try_read(&mut negative.as_slice()).is_err());
}

/// A part with another one inside, so many times.
fn nested(levels: usize) -> Part {
    (1..levels).fold(part_text("x".to_owned()), |inner, _| {
        let Part { body, .. } = part_multi(
            Disposition::Render,
            PartSemantics::ProcessAll,
            vec![part_text("y".to_owned()), part_text("z".to_owned())],
        )
        .expect("two parts");
        let Body::Multi { semantics, mut parts } = body else {
            panic!("several parts");
        };
        if let Some(first) = parts.0.first_mut() {
            *first = inner;
        }
        Part {
            disposition: Disposition::Render,
            language: String::new(),
            body: Body::Multi { semantics, parts },
        }
    })
}

fn lifted(part: Part) -> Result<Part, uniffi::deps::anyhow::Error> {
    let form = written(part);
    <Part as Lift<Tag>>::try_read(&mut form.as_slice())
}

#[test]
fn parts_are_read_as_deep_as_messages_are_and_no_deeper() {
    for levels in 1..=4 {
        let part = nested(levels);
        assert_eq!(lifted(part.clone()).expect("a part"), part);
    }
    for levels in [7, 100] {
        let error = lifted(nested(levels)).expect_err("too deep");
        let error = error.downcast::<ComityError>().expect("an error of ours");
        assert_eq!(error.fault().detail.as_deref(), Some("part_too_deep"));
    }
    // What was too deep leaves nothing behind.
    assert!(lifted(nested(4)).is_ok());
}
