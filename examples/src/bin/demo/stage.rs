//! The stage: the clients, the network between them, and the one way in which everything that happens is told.
//!
//! Whatever is told or claimed here was read back from the clients' files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use comity::content::Part;
use comity::{
    Allow, Client, ClientUri, Error, Frame, Made, MessageId, Outgoing, Reader, RequestKind, RoomUri, Step,
    Supported, Timestamp,
};
use comity_examples::{Fault, Network};

use crate::cast::User;
use crate::device::{Device, short};
use crate::export::Export;
use crate::report::{Line, Report, Sees, Sent};
use crate::sight::Sight;

/// How much time passes from one step to the next.
const BETWEEN_STEPS: Duration = Duration::from_secs(20);
/// How often everybody looks before we say that they never come to rest.
const ROUNDS: usize = 50;

/// Everything there is.
pub(crate) struct Stage {
    pub(crate) network: Network,
    pub(crate) room: RoomUri,
    devices: Vec<Device>,
    dir: PathBuf,
    report: Report,
    export: Option<Export>,
    past: Vec<(MessageId, Vec<Frame>)>,
}

/// A message that was sent, and what came of it.
pub(crate) struct Said {
    pub(crate) id: MessageId,
    /// The media types of what travelled.
    pub(crate) alternatives: Vec<String>,
    /// What each client has of it that has anything.
    pub(crate) sights: Vec<Sight>,
    /// The frames in which it was delivered.
    pub(crate) frames: Vec<Frame>,
}

impl Said {
    /// Which media type a client shows.
    pub(crate) fn seen_by(&self, name: &str) -> Option<&str> {
        self.sight(name)?.media_type.as_deref()
    }

    /// Which octets a client shows.
    pub(crate) fn shown_by(&self, name: &str) -> Option<&[u8]> {
        self.sight(name)?.shown.as_deref()
    }

    fn sight(&self, name: &str) -> Option<&Sight> {
        self.sights
            .iter()
            .find(|sight| short(sight.client.as_str()) == name)
    }
}

impl Stage {
    pub(crate) fn new(
        network: Network,
        room: RoomUri,
        dir: PathBuf,
        report: Report,
        export: Option<Export>,
    ) -> Self {
        Self {
            network,
            room,
            devices: Vec::new(),
            dir,
            report,
            export,
            past: Vec::new(),
        }
    }

    /// A user's clients are created, each in a new file, and leave key packages at their provider.
    pub(crate) fn enters(&mut self, user: &User, supported: &Supported) -> Result<(), Fault> {
        for name in user.clients {
            let device = Device::create(&mut self.network, &self.dir, name, user.uri, supported.clone())?;
            device.visit(&mut self.network, |client, now| client.advertise(now, supported))?;
            self.report.enters(&device)?;
            self.devices.push(device);
        }
        Ok(())
    }

    /// The app on a device learns to show more, and says so to everybody.
    pub(crate) fn upgrades(&mut self, name: &str, supported: Supported) -> Result<(), Fault> {
        let device = self
            .devices
            .iter_mut()
            .find(|device| device.name == name)
            .ok_or("nobody of that name")?;
        device.supported = supported;
        device.visit(&mut self.network, |client, now| {
            client.advertise(now, &device.supported)
        })?;
        self.settles()
    }

    /// A client calls a verb. Nobody else has looked at their mail yet.
    pub(crate) fn does(
        &mut self,
        name: &str,
        verb: impl FnOnce(&mut Client, Timestamp) -> Result<Step, Error>,
    ) -> Result<Option<Made>, Fault> {
        Ok(find(&self.devices, name)?.visit(&mut self.network, verb)?.made)
    }

    /// Everybody opens their file in turn, does what there is to do and closes it, until nobody has anything to do.
    pub(crate) fn settles(&mut self) -> Result<(), Fault> {
        for _ in 0..ROUNDS {
            let mut busy = false;
            for device in &self.devices {
                busy |= device.look(&mut self.network)?.busy;
            }
            if !busy {
                return Ok(());
            }
        }
        Err("the clients do not come to rest".into())
    }

    /// Lets time pass, and everybody do what is due then.
    pub(crate) fn passes(&mut self, time: Duration) -> Result<(), Fault> {
        self.network.pass(time);
        self.settles()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.network.now()
    }

    pub(crate) fn device(&self, name: &str) -> Result<&Device, Fault> {
        find(&self.devices, name)
    }

    /// Asks the file of one client.
    pub(crate) fn ask<T>(
        &self,
        name: &str,
        query: impl FnOnce(&Reader) -> Result<T, Error>,
    ) -> Result<T, Fault> {
        self.device(name)?.ask(self.now(), query)
    }

    /// Whether something is so in the file of every client of the room, as the first client knows them.
    pub(crate) fn everywhere(
        &self,
        query: impl Fn(&Reader, &Device) -> Result<bool, Error>,
    ) -> Result<bool, Fault> {
        let members = self.members()?;
        for device in self
            .devices
            .iter()
            .filter(|device| members.contains(&device.who.client))
        {
            if !device.ask(self.now(), |reader| query(reader, device))? {
                return Ok(false);
            }
        }
        Ok(!members.is_empty())
    }

    /// The clients in the room, sorted, as the first client knows them.
    pub(crate) fn members(&self) -> Result<Vec<ClientUri>, Fault> {
        let first = self.devices.first().ok_or("the stage is empty")?;
        first.ask(self.now(), |reader| members(reader, &self.room))
    }

    /// Every message that was said so far, with the frames in which it was delivered.
    pub(crate) fn past(&self) -> &[(MessageId, Vec<Frame>)] {
        &self.past
    }

    /// What every client has of a message now.
    pub(crate) fn sights(&self, id: MessageId) -> Result<Vec<Sight>, Fault> {
        let sights = self
            .devices
            .iter()
            .map(|device| Sight::of(device, &self.network, &self.room, id));
        sights.filter_map(Result::transpose).collect()
    }

    /// What each user sees; of a message that they do not see alike on all their clients, nothing.
    fn sees(&self, sights: &[Sight]) -> Sees {
        let mut sees: BTreeMap<String, Option<String>> = BTreeMap::new();
        for device in &self.devices {
            let sight = sights.iter().find(|sight| sight.client == device.who.client);
            let seen = sight.and_then(|sight| sight.media_type.clone());
            let known = sees
                .entry(device.who.user.to_string())
                .or_insert_with(|| seen.clone());
            if *known != seen {
                *known = None;
            }
        }
        sees
    }

    /// Sends a message, tells what each client makes of it, and claims what is so for every message.
    pub(crate) fn says(&mut self, name: &str, what: &str, outgoing: &Outgoing) -> Result<Said, Fault> {
        self.passes(BETWEEN_STEPS)?;
        let room = self.room.clone();
        let foretold = self.ask(name, |reader| foretold(reader, &room, outgoing))?;
        self.network.take_delivered();
        let made = self.does(name, |client, now| {
            client.send(now, &room, outgoing, Allow::default())
        })?;
        let Some(Made::Message(id)) = made else {
            return Err("a message was sent and has no id".into());
        };
        self.settles()?;

        let frames = self.delivered_messages();
        let sights = self.sights(id)?;
        let sender = self.device(name)?.who.clone();
        let sent = sights.iter().find(|sight| sight.client == sender.client);
        let received = sights.iter().find(|sight| sight.client != sender.client);
        let alternatives = received
            .map(|sight| sight.alternatives.clone())
            .unwrap_or_default();
        let octets = received.map_or(0, |sight| sight.octets.len());
        self.report.tell(Line {
            message_id: Some(id.to_string()),
            sent: received.map(|_| Sent {
                alternatives: alternatives.clone(),
                octets,
            }),
            sees: self.sees(&sights),
            ..Line::new(what, &room, received.map_or(0, |sight| sight.epoch))
        })?;
        if let (Some(export), Some(sent)) = (&mut self.export, sent) {
            let step = self.report.steps();
            export.message(step, id, (&sender.user, &room), &sent.octets, &frames, &sights)?;
        }
        self.claims_of_every_message(id, octets, &foretold, &sights)?;
        self.past.push((id, frames.clone()));
        Ok(Said {
            id,
            alternatives,
            sights,
            frames,
        })
    }

    fn claims_of_every_message(
        &mut self,
        id: MessageId,
        octets: usize,
        foretold: &BTreeMap<ClientUri, Option<String>>,
        sights: &[Sight],
    ) -> Result<(), Fault> {
        let of = |client: &ClientUri| sights.iter().find(|sight| sight.client == *client);
        let alike = |one: &Sight, other: &Sight| one.octets == other.octets && one.epoch == other.epoch;
        let whole = foretold.keys().all(|client| {
            of(client).is_some_and(|sight| {
                sight.hashes_to == Some(id) && sights.iter().all(|other| alike(sight, other))
            })
        });
        let clients = foretold.len();
        self.claim(
            &format!(
                "all {clients} clients in the room have the same {octets} octets, and they hash to this id"
            ),
            whole,
        )?;
        let as_foretold = foretold
            .iter()
            .all(|(client, foretold)| of(client).is_some_and(|sight| sight.media_type == *foretold));
        self.claim(
            "each of them shows what the sender was told beforehand that it would",
            as_foretold,
        )?;
        if self.devices.len() > clients {
            let outside = sights
                .iter()
                .filter(|sight| !foretold.contains_key(&sight.client))
                .count();
            self.claim("nobody outside the room has anything of it", outside == 0)?;
        }
        Ok(())
    }

    /// The distinct frames in which messages have been delivered since this was last asked.
    fn delivered_messages(&mut self) -> Vec<Frame> {
        let mut frames: Vec<Frame> = Vec::new();
        for delivered in self.network.take_delivered() {
            if delivered.cause == RequestKind::SubmitMessage && !frames.contains(&delivered.frame) {
                frames.push(delivered.frame);
            }
        }
        frames
    }

    /// Tells that the room has changed, and claims that its clients agree on what it is now.
    pub(crate) fn room_changed(&mut self, what: &str) -> Result<(), Fault> {
        let epoch = self.epoch()?;
        self.report.tell(Line::new(what, &self.room, epoch))?;
        let expected = self.members()?;
        let agreed = self.everywhere(|reader, _| {
            let summary = reader.room(&self.room)?.summary;
            Ok(summary.epoch == epoch && members(reader, &self.room)? == expected)
        })?;
        let names: Vec<&str> = expected.iter().map(|client| short(client.as_str())).collect();
        self.claim(
            &format!("in the room, by the file of each: {}", names.join(", ")),
            agreed,
        )
    }

    /// Tells what everybody has of an earlier message by now.
    pub(crate) fn looks_back(&mut self, what: &str, id: MessageId) -> Result<(), Fault> {
        let sights = self.sights(id)?;
        let (epoch, sees) = (self.epoch()?, self.sees(&sights));
        let line = Line::new(what, &self.room, epoch);
        Ok(self.report.tell(Line {
            message_id: Some(id.to_string()),
            sees,
            ..line
        })?)
    }

    /// The room's epoch, as the first client knows it.
    pub(crate) fn epoch(&self) -> Result<u64, Fault> {
        let first = self.devices.first().ok_or("the stage is empty")?;
        first.ask(self.now(), |reader| Ok(reader.room(&self.room)?.summary.epoch))
    }

    pub(crate) fn claim(&mut self, what: &str, holds: bool) -> Result<(), Fault> {
        Ok(self.report.claim(what, holds)?)
    }

    /// The last words. Whether every claim held.
    pub(crate) fn closes(&self) -> Result<bool, Fault> {
        Ok(self.report.close()?)
    }
}

fn find<'d>(devices: &'d [Device], name: &str) -> Result<&'d Device, Fault> {
    let found = devices.iter().find(|device| device.name == name);
    Ok(found.ok_or_else(|| format!("nobody is called {name}"))?)
}

fn members(reader: &Reader, room: &RoomUri) -> Result<Vec<ClientUri>, Error> {
    let members = reader.members(room, 0, usize::MAX)?;
    let mut clients: Vec<ClientUri> = members.into_iter().map(|member| member.client).collect();
    clients.sort();
    Ok(clients)
}

/// What the sender is told before sending: for each client in the room, the media type that it will show.
fn foretold(
    reader: &Reader,
    room: &RoomUri,
    outgoing: &Outgoing,
) -> Result<BTreeMap<ClientUri, Option<String>>, Error> {
    let media_type = |at: usize| {
        outgoing
            .alternatives
            .get(at)
            .and_then(Part::media_type)
            .map(str::to_owned)
    };
    let reach = reader.plan(room, outgoing)?.reach;
    Ok(reach
        .into_iter()
        .map(|reach| (reach.client, reach.sees.and_then(media_type)))
        .collect())
}
