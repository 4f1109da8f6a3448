//! Who may link whom. See `ARCHITECTURE.md`, "Invariants".

use super::Finding;
use crate::repo::Repo;

/// Ours, and which of ours each may link.
const DIRECTION: &[(&str, &[&str])] = &[
    ("comity-room", &[]),
    ("comity-content", &["comity-room"]),
    ("comity-wire", &["comity-room"]),
    ("comity-mls", &["comity-room", "comity-wire"]),
    ("comity-hub", &["comity-mls", "comity-room", "comity-wire"]),
    (
        "comity",
        &["comity-content", "comity-mls", "comity-room", "comity-wire"],
    ),
    (
        "comity-capi",
        &[
            "comity",
            "comity-content",
            "comity-mls",
            "comity-room",
            "comity-wire",
        ],
    ),
    (
        "comity-uniffi",
        &[
            "comity",
            "comity-content",
            "comity-mls",
            "comity-room",
            "comity-wire",
        ],
    ),
];

/// Features that exist for tests and benchmarks alone.
const NEVER_SHIPPED: &[&str] = &["test-vectors", "bench-normal", "seeded", "testing"];

pub(super) fn content_and_room_are_pure(repo: &Repo) -> Vec<Finding> {
    let impure = |name: &str| {
        name.starts_with("openmls")
            || ["rusqlite", "libsqlite3-sys", "getrandom", "rand", "fastrand"].contains(&name)
    };
    links(repo, &["comity-content", "comity-room"], impure)
}

pub(super) fn room_depends_on_none_of_ours(repo: &Repo) -> Vec<Finding> {
    links(repo, &["comity-room"], |name| {
        is_ours(name) && name != "comity-room"
    })
}

pub(super) fn hub_cannot_read_content(repo: &Repo) -> Vec<Finding> {
    links(repo, &["comity-hub"], |name| name == "comity-content")
}

pub(super) fn dependencies_point_one_way(repo: &Repo) -> Vec<Finding> {
    DIRECTION
        .iter()
        .flat_map(|(package, allowed)| {
            links(repo, &[package], |name| {
                is_ours(name) && name != *package && !allowed.contains(&name)
            })
        })
        .collect()
}

pub(super) fn test_features_do_not_ship(repo: &Repo) -> Vec<Finding> {
    let ships = |(package, links): (&String, &crate::repo::Links)| {
        let on = links.features.iter().filter(|feature| {
            NEVER_SHIPPED
                .iter()
                .any(|never| feature.split_once('/').is_some_and(|(_, name)| name == *never))
        });
        on.map(|feature| Finding(format!("{package} ships with the feature {feature}")))
            .collect::<Vec<_>>()
    };
    repo.shipped.iter().flat_map(ships).collect()
}

/// A finding for each crate that one of `packages` links and should not; and for a package that is not there.
fn links(repo: &Repo, packages: &[&str], forbidden: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let Some(links) = repo.shipped.get(*package) else {
            findings.push(Finding(format!("{package} is not there")));
            continue;
        };
        let found = links.crates.iter().filter(|name| forbidden(name));
        findings.extend(found.map(|name| {
            Finding(format!(
                "{package} links {name}; see `cargo tree -p {package} -e normal -i {name}`"
            ))
        }));
    }
    findings
}

fn is_ours(name: &str) -> bool {
    name == "comity" || name.starts_with("comity-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::Links;

    /// A repository in which every crate links what it should, and `package` links `linked` too.
    fn planted(package: &str, linked: &str) -> Repo {
        let mut repo = Repo::default();
        for (name, allowed) in DIRECTION {
            let mut links = Links::default();
            links.crates.extend(
                allowed
                    .iter()
                    .chain([name, &"serde"])
                    .map(|&name| name.to_owned()),
            );
            repo.shipped.insert((*name).to_owned(), links);
        }
        repo.shipped
            .get_mut(package)
            .unwrap()
            .crates
            .insert(linked.to_owned());
        repo
    }

    #[test]
    fn a_graph_as_it_should_be_breaks_nothing() {
        let repo = planted("comity", "openmls");
        for rule in [
            content_and_room_are_pure,
            room_depends_on_none_of_ours,
            hub_cannot_read_content,
            dependencies_point_one_way,
            test_features_do_not_ship,
        ] {
            assert_eq!(rule(&repo), []);
        }
    }

    #[test]
    fn content_that_links_mls_sqlite_or_chance_is_found() {
        for linked in ["openmls", "openmls_traits", "rusqlite", "getrandom", "rand"] {
            for package in ["comity-content", "comity-room"] {
                assert_eq!(
                    content_and_room_are_pure(&planted(package, linked)).len(),
                    1,
                    "{package} {linked}"
                );
            }
        }
    }

    #[test]
    fn a_room_that_links_one_of_ours_is_found() {
        assert_eq!(
            room_depends_on_none_of_ours(&planted("comity-room", "comity-wire")).len(),
            1
        );
    }

    #[test]
    fn a_hub_that_links_content_is_found() {
        assert_eq!(
            hub_cannot_read_content(&planted("comity-hub", "comity-content")).len(),
            1
        );
    }

    #[test]
    fn a_link_against_the_direction_is_found() {
        for (package, linked) in [
            ("comity-wire", "comity-mls"),
            ("comity-mls", "comity-content"),
            ("comity", "comity-testkit"),
            ("comity", "comity-hub"),
        ] {
            assert_eq!(
                dependencies_point_one_way(&planted(package, linked)).len(),
                1,
                "{package} {linked}"
            );
        }
    }

    #[test]
    fn a_test_feature_that_ships_is_found() {
        for feature in [
            "comity-content/test-vectors",
            "comity/bench-normal",
            "comity/seeded",
        ] {
            let mut repo = planted("comity", "serde");
            repo.shipped
                .get_mut("comity")
                .unwrap()
                .features
                .insert(feature.to_owned());
            assert_eq!(test_features_do_not_ship(&repo).len(), 1, "{feature}");
        }
    }

    #[test]
    fn a_crate_that_went_away_is_no_pass() {
        let mut repo = planted("comity", "serde");
        repo.shipped.remove("comity-hub");
        assert_eq!(hub_cannot_read_content(&repo).len(), 1);
    }
}
