//! The turns that the libraries take, and what their steps write.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Fault;
use crate::arguments::Arguments;
use crate::pair::{Library, Pair, Shape};
use crate::samples::Samples;

/// What is measured: 1 KiB.
const MESSAGE: usize = 1_024;
/// Messages before the first round.
const WARM_UP: usize = 10;
/// Messages over which the growth of the logs is measured: few enough for no checkpoint to come between.
const LOGGED: usize = 16;

/// A pair that takes part, and how many messages it has passed.
pub(crate) struct Seat {
    pub(crate) pair: Box<dyn Pair>,
    pub(crate) passed: usize,
    dir: tempfile::TempDir,
}

/// The times of a library's steps.
#[derive(Default)]
pub(crate) struct Times {
    pub(crate) send: Samples,
    pub(crate) receive: Samples,
    /// Recording the server's answer, where a library keeps it.
    pub(crate) answer: Samples,
    /// The same without what the library's storage did not take into its transaction.
    pub(crate) send_alone: Samples,
    pub(crate) receive_alone: Samples,
}

/// The octets by which a step makes the log longer, on average.
pub(crate) struct Logged {
    pub(crate) send: usize,
    pub(crate) answer: usize,
    pub(crate) receive: usize,
}

/// How long the steps of one message took.
struct Passed {
    send: Duration,
    send_aside: Duration,
    answer: Option<Duration>,
    receive: Duration,
    receive_aside: Duration,
}

impl Seat {
    /// Makes a room, and as many epochs in it as are asked for.
    pub(crate) fn new(library: &Library, arguments: &Arguments, members: usize) -> Result<Self, Fault> {
        Self::of(library, arguments, Shape::of(members), arguments.commits)
    }

    /// As [`Seat::new`], for a room of any shape.
    pub(crate) fn of(
        library: &Library,
        arguments: &Arguments,
        shape: Shape,
        commits: usize,
    ) -> Result<Self, Fault> {
        let dir = tempfile::Builder::new()
            .prefix("comity-bench")
            .tempdir_in(&arguments.dir)?;
        let mut pair = (library.make)(dir.path(), shape)?;
        for _ in 0..commits {
            pair.commit()?;
        }
        Ok(Self { pair, passed: 0, dir })
    }

    /// Passes messages that are not measured.
    pub(crate) fn pass_unmeasured(&mut self, messages: usize) -> Result<(), Fault> {
        for _ in 0..messages {
            self.pass()?;
        }
        Ok(())
    }

    /// Passes messages and adds their times to the round that was begun last.
    fn pass_measured(&mut self, messages: usize, times: &mut Times) -> Result<(), Fault> {
        for _ in 0..messages {
            let passed = self.pass()?;
            times.send.add(passed.send);
            times
                .send_alone
                .add(passed.send.saturating_sub(passed.send_aside));
            times.receive.add(passed.receive);
            times
                .receive_alone
                .add(passed.receive.saturating_sub(passed.receive_aside));
            if let Some(answer) = passed.answer {
                times.answer.add(answer);
            }
        }
        Ok(())
    }

    fn pass(&mut self) -> Result<Passed, Fault> {
        let text = text(self.passed);
        let begun = Instant::now();
        let send_aside = self.pair.send(&text)?;
        let send = begun.elapsed();
        let frame = self.pair.carry()?;
        let begun = Instant::now();
        let answered = self.pair.record_answer()?;
        let answer = answered.then(|| begun.elapsed());
        let begun = Instant::now();
        let receive_aside = self.pair.receive(frame)?;
        let receive = begun.elapsed();
        self.passed += 1;
        Ok(Passed {
            send,
            send_aside,
            answer,
            receive,
            receive_aside,
        })
    }

    /// How much a step adds to the write-ahead log. The logs are emptied first, because SQLite writes over what a checkpoint has moved.
    pub(crate) fn logged(&mut self) -> Result<Logged, Fault> {
        self.pair.empty_logs()?;
        self.pass_unmeasured(2)?;
        let [sender, receiver] = self.pair.logs();
        let mut logged = Logged {
            send: 0,
            answer: 0,
            receive: 0,
        };
        for _ in 0..LOGGED {
            let before = [length(&sender), length(&receiver)];
            self.pair.send(&text(self.passed))?;
            let sent = length(&sender);
            let frame = self.pair.carry()?;
            self.pair.record_answer()?;
            let answered = length(&sender);
            self.pair.receive(frame)?;
            self.passed += 1;
            logged.send += sent.saturating_sub(before[0]);
            logged.answer += answered.saturating_sub(sent);
            logged.receive += length(&receiver).saturating_sub(before[1]);
        }
        Ok(Logged {
            send: logged.send / LOGGED,
            answer: logged.answer / LOGGED,
            receive: logged.receive / LOGGED,
        })
    }

    /// Reopens both files, counts what they can show, and passes one more message. Returns the count if nothing is missing.
    pub(crate) fn count_after_reopening(self) -> Result<usize, Fault> {
        let Self { pair, passed, dir } = self;
        let pair = pair.reopen()?;
        let [sent, received] = pair.messages()?;
        if (sent, received) != (passed, passed) {
            return Err(format!("of {passed} messages the files hold {sent} and {received}").into());
        }
        let mut again = Self { pair, passed, dir };
        again.pass_unmeasured(1)?;
        Ok(passed)
    }
}

/// Lets the pairs take turns: in each round each of them passes so many messages, and another one begins.
pub(crate) fn take_turns(seats: &mut [Seat], rounds: usize, steps: usize) -> Result<Vec<Times>, Fault> {
    let mut times: Vec<Times> = seats.iter().map(|_| Times::default()).collect();
    for seat in &mut *seats {
        seat.pass_unmeasured(WARM_UP)?;
    }
    for round in 0..rounds {
        let mut order: Vec<(&mut Seat, &mut Times)> = seats.iter_mut().zip(&mut times).collect();
        let first = round % order.len().max(1);
        order.rotate_left(first);
        for (seat, times) in order {
            times.begin_round();
            seat.pass_measured(steps, times)?;
        }
    }
    Ok(times)
}

impl Times {
    fn begin_round(&mut self) {
        let Self {
            send,
            receive,
            answer,
            send_alone,
            receive_alone,
        } = self;
        for samples in [send, receive, answer, send_alone, receive_alone] {
            samples.begin_round();
        }
    }
}

/// A message of 1 KiB, unlike the others.
pub(crate) fn text(number: usize) -> String {
    let mut text = format!("{number:08} ");
    while text.len() < MESSAGE {
        text.push_str("One conversation, two messengers. ");
    }
    text.truncate(MESSAGE);
    text
}

fn length(log: &PathBuf) -> usize {
    std::fs::metadata(log).map_or(0, |log| usize::try_from(log.len()).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::LIBRARIES;

    #[test]
    fn a_message_has_one_kibibyte_and_no_double() {
        assert_eq!([text(0).len(), text(12_345).len()], [MESSAGE; 2]);
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn turns_measure_every_library_and_lose_no_message() {
        let arguments = Arguments::default();
        let mut seats: Vec<Seat> = LIBRARIES
            .iter()
            .map(|library| Seat::new(library, &arguments, 2).unwrap())
            .collect();
        let times = take_turns(&mut seats, 2, 3).unwrap();
        for ((library, times), mut seat) in LIBRARIES.iter().zip(&times).zip(seats) {
            assert!(
                times.send.median() > Some(0.0) && times.receive.median() > Some(0.0),
                "{}",
                library.name
            );
            assert_eq!(times.answer.median().is_some(), library.name == "Comity");
            assert!(times.send_alone.median() <= times.send.median());
            assert!(seat.logged().unwrap().send > MESSAGE);
            assert_eq!(
                seat.count_after_reopening().unwrap(),
                WARM_UP + 2 * 3 + 2 + LOGGED
            );
        }
    }
}
