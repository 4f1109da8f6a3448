//! A process that makes one call and dies of it: the orders it gets, and the reports it leaves.
//!
//! The parent starts this same program again with the argument [`ARGUMENT`], writes the orders to its standard input, and
//! reads reports from its standard output until it is dead.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use comity::{Request, Timestamp};
use comity_faultfs as disk;
use serde::{Deserialize, Serialize};

use crate::call::{Call, ClientFile, SentRequest, Stage};

/// What tells the program that it is the child.
pub const ARGUMENT: &str = "one-call";

/// What the child is to do.
#[derive(Debug, Serialize, Deserialize)]
pub struct Orders {
    /// Whose call it is.
    pub file: ClientFile,
    /// What its clock says.
    pub now: Timestamp,
    /// The call.
    pub call: Call,
    /// At which change of the disk it dies, counted from 1.
    pub at: u64,
    /// Whether the power goes, or only the process dies.
    pub power: bool,
    /// Sabotage: syncs do nothing.
    pub no_sync: bool,
}

/// What the child left behind.
#[derive(Debug, Default)]
pub struct Death {
    /// The requests of the step, if the call returned one: then it is acknowledged, and its requests have left.
    pub acknowledged: Option<Vec<Request>>,
    /// How many changes the call made, if it came to its end.
    pub changes: Option<u64>,
}

#[derive(Serialize, Deserialize)]
enum Report {
    Acknowledged(Vec<SentRequest>),
    Ended(u64),
}

/// What the child does.
pub fn live() {
    let mut octets = Vec::new();
    std::io::stdin().read_to_end(&mut octets).expect("orders");
    let orders: Orders = rmp_serde::from_slice(&octets).expect("orders");
    disk::install();
    disk::swallow_syncs(orders.no_sync);
    disk::watch(orders.file.path.parent().expect("a directory"));
    let fault = if orders.power {
        disk::Fault::PowerCut
    } else {
        disk::Fault::Kill
    };
    if orders.call.stage() != Stage::Opened {
        disk::arm(orders.at, fault);
    }
    let mut client = orders
        .call
        .client(&orders.file, orders.now)
        .expect("the client opens");
    if orders.call.stage() == Stage::Opened {
        disk::arm(orders.at, fault);
    }
    let requests = orders
        .call
        .make(&mut client, orders.now)
        .expect("the call is made");
    let changes = disk::disarm().changes;
    report(&Report::Acknowledged(
        requests.iter().map(SentRequest::of).collect(),
    ));
    report(&Report::Ended(changes));
    // It dies after the step, too: nothing is closed.
    if orders.power {
        disk::lose_unsynced();
    }
    std::process::abort();
}

fn report(report: &Report) {
    let octets = rmp_serde::to_vec(report).expect("a report");
    let mut out = std::io::stdout();
    out.write_all(&octets)
        .and_then(|()| out.flush())
        .expect("the parent reads");
}

/// Sends a child to its death.
///
/// # Panics
/// If it does not do what it was told: whatever goes wrong fails the test.
pub fn send(program: &std::path::Path, orders: &Orders) -> Death {
    let mut child = Command::new(program)
        .arg(ARGUMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let octets = rmp_serde::to_vec(orders).expect("orders");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(&octets)
        .expect("the child reads its orders");
    let output = child.wait_with_output().expect("the child ends");
    let last_words = String::from_utf8_lossy(&output.stderr);
    assert!(last_words.is_empty(), "the child says: {last_words}");
    assert_eq!(output.status.code(), None, "the child dies: {}", output.status);
    let mut death = Death::default();
    let mut rest = output.stdout.as_slice();
    while !rest.is_empty() {
        match rmp_serde::from_read(&mut rest).expect("a report") {
            Report::Acknowledged(requests) => {
                death.acknowledged = Some(requests.into_iter().map(SentRequest::request).collect());
            }
            Report::Ended(changes) => death.changes = Some(changes),
        }
    }
    death
}
