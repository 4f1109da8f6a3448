//! How long something takes.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What a time is taken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// As a user waits.
    Wall,
    /// As long as this thread has a processor: what else a busy machine does in between is not in it, nor is waiting for a disk.
    Processor,
}

/// A measurement that has begun.
pub(crate) struct Stopwatch {
    begun: Instant,
    worked: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            worked: worked(),
            begun: Instant::now(),
        }
    }

    pub(crate) fn read(&self, clock: Clock) -> Duration {
        match clock {
            Clock::Wall => self.begun.elapsed(),
            Clock::Processor => worked().saturating_sub(self.worked),
        }
    }
}

/// How long this thread has had a processor so far.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |number| u64::try_from(number).unwrap_or_default();
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_takes_no_processor() {
        let stopwatch = Stopwatch::start();
        std::thread::sleep(Duration::from_millis(50));
        assert!(stopwatch.read(Clock::Wall) >= Duration::from_millis(50));
        assert!(stopwatch.read(Clock::Processor) < Duration::from_millis(50));
    }
}
